//! Uploads that are cut off, empty, too large, known already, or no files at all.

use imprimatur::{domain::ids::AssetId, services::mint};
use sqlx::PgPool;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Refused, assert_refused};
use crate::{
    browser::HOST,
    visitor::{BOUNDARY, multipart, multipart_type, shown, with, work},
    world::{UPLOAD_BYTES_MAX, World},
};

const PATH: &str = "/assets/new";
const TEXT: (&str, &[u8]) = ("work.txt", b"Salt was the first road.");

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_work_names_the_field_to_mend_and_leaves_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let id = mint::<AssetId>().to_string();
    let good = work(&id, "The Salt Roads");
    let long = |length: usize| "å".repeat(length + 1);
    let (title, description, credit) = (long(200), long(4000), long(200));
    let huge = "a".repeat(70 * 1024);
    let before = world.rows().await;
    for (field, typed, says) in [
        ("title", "", "Fill this in."),
        ("title", title.as_str(), "Shorten this to 200 characters"),
        ("title", "a\0b", "U+0000"),
        ("title", "a\u{2066}b", "U+2066"),
        ("kind", "", "Choose one of the listed values"),
        ("kind", "song", "Choose one of the listed values"),
        ("description", description.as_str(), "Shorten this to 4000 characters"),
        ("description", "a\u{7}b", "U+0007"),
        ("attribution", " ", "Fill this in."),
        ("attribution", credit.as_str(), "Shorten this to 200 characters"),
    ] {
        let form = with(&good, &[(field, typed)]);
        let answer = mira.upload(&form, Some(TEXT)).await;
        assert_refused(PATH, &answer, &form, Refused { status: 422, field, says });
    }
    let endless = with(&good, &[("description", &huge)]);
    let answer = mira.upload(&endless, Some(TEXT)).await;
    assert_eq!(answer.status, 422);
    assert!(shown(&answer.body).contains("Shorten this."));

    let too_large = vec![b'x'; usize::try_from(UPLOAD_BYTES_MAX).unwrap() + 1];
    for (file, status, says) in [
        (None, 422, "Choose a file."),
        (Some(("", &b""[..])), 422, "Choose a file."),
        (Some(("/", &b"x"[..])), 422, "Choose a file."),
        (Some(("work.txt", &b""[..])), 422, "Choose a file that is not empty."),
        (Some(("work.txt", &too_large[..])), 413, "Choose a file of at most 64 KiB."),
    ] {
        let answer = mira.upload(&good, file).await;
        assert_refused(PATH, &answer, &good, Refused { status, field: "file", says });
    }
    for id in ["", "x"] {
        let answer = mira.upload(&with(&good, &[("id", id)]), Some(TEXT)).await;
        assert_eq!(answer.status, 400);
        assert!(shown(&answer.body).contains("Part of the form was missing."));
    }
    // The file before the fields: nothing of it is read.
    let mut body = multipart(&[], Some(TEXT));
    body.truncate(body.len() - BOUNDARY.len() - 6);
    body.extend(multipart(&good, None));
    let answer = mira.send(PATH, &multipart_type(), body).await;
    assert_eq!(answer.status, 400, "{}", shown(&answer.body));

    assert_eq!(before, world.rows().await);
    assert_eq!(world.kept(), Vec::<std::path::PathBuf>::new());
    assert_eq!(mira.upload(&good, Some(TEXT)).await.status, 303);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn bytes_have_one_owner(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let mut copier = world.creator("copier").await;
    mira.register("Hidden title", "Salt was the first road.").await;
    let (before, kept) = (world.rows().await, world.kept());
    let id = mint::<AssetId>().to_string();
    let form = work(&id, "Mine");
    let answer = mira.upload(&form, Some(TEXT)).await;
    let says = "Your organization has registered exactly these bytes already";
    assert_refused(PATH, &answer, &form, Refused { status: 409, field: "file", says });
    assert_eq!((before, &kept), (world.rows().await, &world.kept()));

    for _ in 0..2 {
        let answer = copier.upload(&form, Some(TEXT)).await;
        assert_eq!(answer.status, 303, "{}", shown(&answer.body));
        assert!(answer.location().starts_with("/assets/claims#"), "{}", answer.location());
    }
    assert_eq!((world.count("asset").await, world.count("claim").await), (1, 1));
    assert_eq!(kept, world.kept());
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn names_of_files_are_only_shown(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let script = "<script>alert(1)</script>";
    for (number, name) in
        ["../../etc/passwd", "C:\\temp\\work.txt", "<img src=x onerror=alert(1)>.txt", "a\u{202e}b"]
            .into_iter()
            .enumerate()
    {
        let id = mint::<AssetId>().to_string();
        let form = with(
            &work(&id, script),
            &[("description", script), ("attribution", "\"><svg onload=alert(1)>")],
        );
        let bytes = format!("work {number}");
        let answer = mira.upload(&form, Some((name, bytes.as_bytes()))).await;
        assert_eq!(answer.status, 303, "{name}: {}", shown(&answer.body));
        let page = mira.open(answer.location()).await;
        for raw in [script, "<img src=x", "<svg onload", "\u{202e}", "../../etc", "C:\\temp"] {
            assert!(!page.contains(raw), "{raw} in {page}");
        }
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    }
    assert_eq!(world.kept().len(), 4);
}

/// Sends the head and a part of the body, and then what `after` says.
async fn cut_off(world: &World, cookie: &str, sent: &[u8], promised: usize, half_close: bool) {
    let address = world.serve().await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: {}\r\nContent-Length: {promised}\r\n\r\n",
        multipart_type()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(sent).await.unwrap();
    socket.flush().await.unwrap();
    // The server has taken what was sent when staging has begun or nothing is left to take.
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    if half_close {
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.starts_with("HTTP/1.1 2") && !answer.starts_with("HTTP/1.1 3"), "{answer}");
    }
    drop(socket);
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn nothing_remains_of_an_upload_that_is_cut_off(pool: PgPool) {
    let world = World::new(pool).await;
    let mira = world.creator("mira").await;
    let cookie = mira.browser.cookie.clone().unwrap();
    let id = mint::<AssetId>().to_string();
    let bytes = vec![b's'; 40_000];
    let whole = multipart(&work(&id, "The Salt Roads"), Some(("work.txt", &bytes)));
    let before = world.rows().await;
    let file_starts = whole.windows(5).position(|window| window == b"sssss").unwrap();
    for sent in [60, file_starts, file_starts + 20_000, whole.len() - 20] {
        for half_close in [false, true] {
            cut_off(&world, &cookie, &whole[..sent], whole.len(), half_close).await;
            assert_eq!(before, world.rows().await, "{sent}");
            assert_eq!(world.kept(), Vec::<std::path::PathBuf>::new(), "{sent}");
        }
    }
    // The same form, whole, registers the work.
    let mut mira = mira;
    let answer = mira.send(PATH, &multipart_type(), whole).await;
    assert_eq!(answer.status, 303, "{}", shown(&answer.body));
    assert_eq!(world.kept().len(), 1);
}

/// Leptos writes the inside of a `<textarea>` as it is; what was typed must not end it.
#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_comes_back_in_a_textarea_stays_in_it(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let id = mint::<AssetId>().to_string();
    let good = work(&id, "");
    let form = with(&good, &[("description", "</textarea><script>alert(1)</script>")]);
    let page = mira.upload(&form, Some(TEXT)).await.body;
    assert!(!page.contains("</textarea><script>alert"), "{page}");
    assert!(page.contains("&lt;/textarea>&lt;script>alert(1)&lt;/script>"), "{page}");
    world.gate.close().await;
}

/// A form that never comes to its file is given up before it fills memory.
#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_stands_before_the_file_is_bounded(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let id = mint::<AssetId>().to_string();
    let good = work(&id, "The Salt Roads");
    let (rows, many) = (world.rows().await, "a".repeat(60 * 1024));
    let names: Vec<String> = (0..20).map(|at| format!("other-{at}")).collect();
    let endless: Vec<_> = names.iter().map(|name| (name.as_str(), many.as_str())).collect();
    let answer = mira.upload(&[endless, good].concat(), Some(TEXT)).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert!(shown(&answer.body).contains("Choose a file."));
    assert!(!answer.body.contains("aaaaaaaa"));
    assert_eq!(world.rows().await, rows);
    world.gate.close().await;
}
