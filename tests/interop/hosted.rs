//! A small HTTP server for what authorities publish.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Bodies by path, and status codes in their place; it counts who asks.
pub struct Hosted {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What is answered.
#[derive(Clone)]
pub enum Page {
    Body(Vec<u8>),
    /// A status without a body, and a place to go to instead.
    Redirect(String),
}

impl Hosted {
    /// Serves until the test ends.
    pub fn serve(pages: BTreeMap<String, Page>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let (pages, log) = (pages.clone(), Arc::clone(&log));
                thread::spawn(move || answer(stream, &pages, &log));
            }
        });
        Self { port, asked }
    }

    /// One page, whatever is asked for.
    pub fn one(body: Vec<u8>) -> Self {
        Self::serve(BTreeMap::from([("*".to_owned(), Page::Body(body))]))
    }

    /// The paths that were asked for until now.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, pages: &BTreeMap<String, Page>, log: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => head.extend_from_slice(&buffer[..count]),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push(path.clone());
    let end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
    let reply = match pages.get(&path).or(pages.get("*")) {
        Some(Page::Body(body)) => {
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            [head.as_bytes(), body].concat()
        }
        Some(Page::Redirect(to)) => {
            format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n{end}").into_bytes()
        }
        None => format!("HTTP/1.1 404 Not Found\r\n{end}").into_bytes(),
    };
    let _ = stream.write_all(&reply);
}
