// A server of Go's crypto/tls that reads encrypted hellos, for tests/interop/tls_ech.rs.
//
//	server ADDRESS CERTIFICATE:KEY[,CERTIFICATE:KEY...] [PRIVATE:CONFIG...]
//
// Certificates are chosen by name, the first where none fits. PRIVATE and CONFIG are Base64.
package main

import (
	"crypto/tls"
	"encoding/base64"
	"log"
	"os"
	"strings"
)

func main() {
	config := &tls.Config{}
	for _, pair := range strings.Split(os.Args[2], ",") {
		certificate, key, _ := strings.Cut(pair, ":")
		loaded, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			log.Fatal(err)
		}
		config.Certificates = append(config.Certificates, loaded)
	}
	for _, word := range os.Args[3:] {
		private, public, _ := strings.Cut(word, ":")
		config.EncryptedClientHelloKeys = append(config.EncryptedClientHelloKeys, tls.EncryptedClientHelloKey{
			PrivateKey: decoded(private), Config: decoded(public), SendAsRetry: true,
		})
	}
	listener, err := tls.Listen("tcp", os.Args[1], config)
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer connection.Close()
			if connection.(*tls.Conn).Handshake() == nil {
				connection.Read(make([]byte, 1))
			}
		}()
	}
}

func decoded(text string) []byte {
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		log.Fatal(err)
	}
	return bytes
}
