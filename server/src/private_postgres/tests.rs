//! A cluster is started for real, killed, and started again.

use std::path::PathBuf;
use std::process::Command;

use sqlx::{Connection, PgConnection};

use super::*;

/// A folder that nothing else uses and that goes with the test, with a name
/// that tests the quoting.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("imprimatur's {name} {}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        Self(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn connect(postgres: &PrivatePostgres, database: &str) -> PgConnection {
    PgConnection::connect(&postgres.url(database)).await.unwrap()
}

async fn setting(connection: &mut PgConnection, name: &str) -> String {
    sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn a_killed_cluster_starts_again_with_its_data_password_and_port() {
    let scratch = Scratch::new("killed");
    let first = start(&scratch.0, 0, Durability::Durable).await.unwrap();
    first.ensure_database("books").await.unwrap();
    first.ensure_database("books").await.unwrap();
    let url = first.url("books");
    let mut connection = connect(&first, "books").await;
    assert_eq!(setting(&mut connection, "fsync").await, "on");
    assert_eq!(setting(&mut connection, "listen_addresses").await, "127.0.0.1");
    sqlx::raw_sql("create table page (text text); insert into page values ('kept')")
        .execute(&mut connection)
        .await
        .unwrap();
    assert!(matches!(start(&scratch.0, 0, Durability::Durable).await, Err(Error::InUse { .. })));

    let pid_file = fs::read_to_string(scratch.0.join("data/postmaster.pid")).unwrap();
    let killed =
        Command::new("kill").args(["-9", pid_file.lines().next().unwrap()]).status().unwrap();
    assert!(killed.success());
    // As after the death of the process that owned it: nobody stops it.
    let PrivatePostgres { server, _lock, .. } = first;
    std::mem::forget(server);
    drop(_lock);

    let second = start(&scratch.0, 0, Durability::Durable).await.unwrap();
    assert_eq!(second.url("books"), url);
    let mut connection = connect(&second, "books").await;
    let text: String =
        sqlx::query_scalar("select text from page").fetch_one(&mut connection).await.unwrap();
    assert_eq!(text, "kept");
    second.stop().await.unwrap();
    assert!(!scratch.0.join("data/postmaster.pid").exists());
}

#[tokio::test]
async fn a_cluster_left_behind_is_stopped_and_an_interrupted_setup_begun_again() {
    let scratch = Scratch::new("left");
    // A setup that was cut off.
    fs::create_dir_all(scratch.0.join("data.new/base")).unwrap();
    fs::write(scratch.0.join("data.new/postgresql.conf"), "half").unwrap();
    let first = start(&scratch.0, 0, Durability::Disposable).await.unwrap();
    let PrivatePostgres { server, _lock, .. } = first;
    std::mem::forget(server);
    drop(_lock);

    let second = start(&scratch.0, 0, Durability::Disposable).await.unwrap();
    let mut connection = connect(&second, "postgres").await;
    assert_eq!(setting(&mut connection, "fsync").await, "off");
    connection.close().await.unwrap();
    second.stop().await.unwrap();

    // The number of a process that is something else by now.
    let stale = format!("{}\n/elsewhere\n", std::process::id());
    fs::write(scratch.0.join("data/postmaster.pid"), stale).unwrap();
    let third = start(&scratch.0, 0, Durability::Disposable).await.unwrap();
    third.stop().await.unwrap();
}

#[tokio::test]
async fn a_port_in_use_is_named_and_a_remembered_one_replaced() {
    let scratch = Scratch::new("port");
    let taken = TcpListener::bind((LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let refused = start(&scratch.0, port, Durability::Disposable).await;
    assert!(matches!(refused, Err(Error::PortTaken { port: named }) if named == port));

    fs::write(scratch.0.join("port"), port.to_string()).unwrap();
    let started = start(&scratch.0, 0, Durability::Disposable).await.unwrap();
    assert!(!started.url("postgres").contains(&format!(":{port}/")));
    started.stop().await.unwrap();
}
