"""Postfix as an exchanger of mail, for the labs."""

import os
import pwd
import subprocess

from internet import Missing, run, wait_for


def postfix(folder, services, chain):
    """Serves SMTP at port 25 of each address in `services`, with the options that stand there, and presents `chain`: a key
    and its certificates."""
    at = folder / "postfix"
    for name in ("conf", "queue", "data"):
        (at / name).mkdir(parents=True)
    account = pwd.getpwnam("postfix")
    try:
        os.chown(at / "data", account.pw_uid, account.pw_gid)
    except OSError:
        raise Missing("root, as Postfix wants it,") from None
    (at / "conf/main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {at}/queue
data_directory = {at}/data
maillog_file_prefixes = {at}
maillog_file = {at}/log
myhostname = mx.site.example
mydestination = site.example
mynetworks =
local_recipient_maps =
alias_maps =
alias_database =
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_tls_security_level = may
smtpd_tls_chain_files = {" ".join(map(str, chain))}
""")
    listening = "".join(f"{address}:25 inet n - n - - smtpd {options}\n" for address, options in services.items())
    (at / "conf/master.cf").write_text(f"""{listening}postlog unix-dgram n - n - 1 postlogd
anvil unix - - n - 1 anvil
tlsmgr unix - - n - 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
cleanup unix n - n - 0 cleanup
""")
    run("postfix", "-c", at / "conf", "check")
    log = folder / "master.log"
    with log.open("w") as out:
        process = subprocess.Popen(["/usr/lib/postfix/sbin/master", "-d", "-c", at / "conf"], stdout=out, stderr=out)
    for address in services:
        wait_for(25, address, process, log)
    return process
