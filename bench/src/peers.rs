//! nginx in its roles, each as well set up as we know how.

use std::{fs, path::Path, process::Command};

use crate::{
    Result,
    machine::{Bench, Core, Process, until_answering},
};

/// What an nginx does.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// Sends files.
    Static,
    /// Passes requests on.
    Proxy { origin: u16 },
    /// Asks an authorizer, limits the rate of each token, and passes requests on.
    Chain { origin: u16, authorizer: u16 },
}

/// Starts one; `files` is the folder of what it sends.
pub async fn start(
    bench: &Bench,
    name: &str,
    port: u16,
    role: Role,
    core: Core,
    files: &Path,
) -> Result<Process> {
    let dir = bench.dir.join(name);
    fs::create_dir_all(dir.join("tmp"))?;
    fs::write(dir.join("nginx.conf"), configuration(port, role, files))?;
    let mut command = Command::new(bench.peers.join("usr/sbin/nginx"));
    command.arg("-p").arg(&dir).args(["-c", "nginx.conf", "-e", "error.log"]);
    let process = Process::start(command, core, &dir.join("log"))?;
    until_answering(port).await?;
    Ok(process)
}

/// One worker on one core, no log, no limit on how long a connection lives. Buffers take the
/// largest body, so that nothing goes through a file.
fn configuration(port: u16, role: Role, files: &Path) -> String {
    let (zone, upstreams, location) = match role {
        Role::Static => {
            let files = files.display();
            (String::new(), String::new(), format!("location / {{ root {files}; }}"))
        }
        Role::Proxy { origin } => (
            String::new(),
            upstream("origin", origin),
            format!("location / {{ {} }}", pass("origin")),
        ),
        // A `proxy_set_header` in a location discards inherited ones, so each says its own; without
        // them nginx opens a connection for every request and loses half its speed.
        Role::Chain { origin, authorizer } => (
            "limit_req_zone $http_authorization zone=tokens:32m rate=100000r/s;".to_owned(),
            upstream("origin", origin) + &upstream("authorizer", authorizer),
            format!(
                "location / {{ auth_request /authorize; limit_req zone=tokens burst=100000 nodelay; {} }}
                 location = /authorize {{ internal; proxy_pass_request_body off; proxy_set_header Content-Length \"\"; {} }}",
                pass("origin"),
                pass("authorizer"),
            ),
        ),
    };
    format!(
        "daemon off; master_process off; pid nginx.pid; worker_rlimit_nofile 8192;
         events {{ worker_connections 4096; }}
         http {{
           access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
           default_type 'text/plain; charset=utf-8';
           keepalive_requests 1000000000; keepalive_timeout 3600s;
           open_file_cache max=10000 inactive=3600s; open_file_cache_valid 3600s;
           client_body_temp_path tmp/a; proxy_temp_path tmp/b; fastcgi_temp_path tmp/c;
           uwsgi_temp_path tmp/d; scgi_temp_path tmp/e;
           proxy_http_version 1.1; proxy_buffers 40 32k; proxy_busy_buffers_size 256k;
           proxy_max_temp_file_size 0;
           {zone}
           {upstreams}
           server {{ listen 127.0.0.1:{port} backlog=4096; {location} }}
         }}"
    )
}

fn upstream(name: &str, port: u16) -> String {
    format!(
        "upstream {name} {{ server 127.0.0.1:{port}; keepalive 128; keepalive_requests 1000000000; keepalive_timeout 3600s; }}"
    )
}

fn pass(upstream: &str) -> String {
    format!(
        "proxy_pass http://{upstream}; proxy_set_header Connection \"\"; proxy_set_header Host $host;"
    )
}
