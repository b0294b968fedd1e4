//! Many works by one form: what is wrong with one stops no other, and nothing stays half.

use super::*;
use crate::visitor::multipart_with;

const PATH: &str = "/assets/several";

fn common(id: &str) -> Vec<(&str, &str)> {
    vec![
        ("id", id),
        ("attribution", "Mira Holm"),
        ("tags", "salt"),
        ("language", ""),
        ("rights", ""),
        ("visibility", "unlisted"),
    ]
}

async fn send(visitor: &mut Visitor, id: &str, files: &[(&str, &str, &[u8])]) -> Answer {
    visitor.send(PATH, &multipart_type(), multipart_with(&common(id), files)).await
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn files_become_works_called_like_them(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let id = input(&mira.open(PATH).await, "id");
    let large = vec![b'x'; 64 * 1024 + 1];
    let files: [(&str, &str, &[u8]); 7] = [
        ("table", "", b""),
        ("file", "salt-roads.md", b"# Salt"),
        ("file", "huge.bin", &large),
        ("file", "empty.txt", b""),
        ("file", "<img src=x onerror=alert(1)>.rs", b"fn main() {}"),
        ("file", "again.md", b"# Salt"),
        ("file", "\u{0645}\u{0644}\u{062d}.csv", b"a,b\n1,2\n"),
    ];
    for _ in 0..2 {
        let answer = send(&mut mira, &id, &files).await;
        assert_eq!(answer.status, 200, "{}", shown(&answer.body));
        let page = unescaped(&shown(&answer.body));
        assert!(page.contains("3 works were registered. 2 were not"), "{page}");
        for says in [
            "salt roads",
            "Choose a file of at most 64 KiB.",
            "Choose a file that is not empty.",
            "exactly these bytes already",
            "\u{0645}\u{0644}\u{062d}",
        ] {
            assert!(page.contains(says), "{says}: {page}");
        }
        assert!(!answer.body.contains("<img src=x"), "{page}");
        assert_eq!((world.count("asset").await, world.kept().len()), (3, 3), "sent twice too");
    }
    let kinds: Vec<(String, String, String)> = sqlx::query_as(
        "select kind, visibility, array_to_string(tags, ',') from asset order by kind",
    )
    .fetch_all(&world.services.pool)
    .await
    .unwrap();
    let kinds: Vec<_> =
        kinds.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(
        kinds,
        [("code", "unlisted", "salt"), ("data", "unlisted", "salt"), ("text", "unlisted", "salt")]
    );
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_table_says_what_works_are(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let mut theo = world.creator("theo").await;
    theo.register("Theirs", "Pepper.").await;
    let id = input(&mira.open(PATH).await, "id");
    let table = "file,title,kind,text,visibility\n\
         a.txt,The Salt Roads,,,private\n\
         ,A note,text,Words in the table.,\n\
         missing.txt,Missing,,,\n\
         b.txt,Bad kind,song,,\n\
         c.txt,Claimed,,,\n";
    let files: [(&str, &str, &[u8]); 5] = [
        ("table", "works.csv", table.as_bytes()),
        ("file", "a.txt", b"Salt."),
        ("file", "b.txt", b"Dill."),
        ("file", "c.txt", b"Pepper."),
        ("file", "stray.txt", b"Sage."),
    ];
    let answer = send(&mut mira, &id, &files).await;
    assert_eq!(answer.status, 200, "{}", shown(&answer.body));
    let page = unescaped(&shown(&answer.body));
    for says in [
        "2 works were registered. 3 were not",
        "No file called “missing.txt” came along.",
        "Write one of these as kind: text, image",
        "Another creator registered exactly these bytes before.",
        "No row of the table names this file",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert_eq!((world.count("asset").await, world.count("claim").await), (3, 1));
    assert_eq!(world.kept().len(), 3, "nothing of what was refused is kept");
    let again = send(&mut mira, &id, &files).await;
    assert_eq!(again.status, 200);
    assert_eq!((world.count("asset").await, world.count("claim").await), (3, 1));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_no_batch_can_be_is_refused_whole(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let mut buyer = world.buyer("acme").await;
    let id = input(&mira.open(PATH).await, "id");
    let before = world.rows().await;
    let many = format!("text,title\n{}", "words,A\n".repeat(100_000));
    let huge = format!("text,title\n\"{}\",A\n", "å".repeat(5 * 1024 * 1024));
    for (table, status, says) in [
        (&b"price\n1"[..], 422, "There is no column “price”"),
        (b"\xff\xfe", 422, "save it as CSV in UTF-8"),
        (many.as_bytes(), 422, "more than 1000 rows"),
        (huge.as_bytes(), 413, "at most 8 MiB"),
    ] {
        let files: [(&str, &str, &[u8]); 2] =
            [("table", "works.csv", table), ("file", "a.txt", b"Salt.")];
        let answer = send(&mut mira, &id, &files).await;
        assert_eq!(answer.status.as_u16(), status, "{}", shown(&answer.body));
        let page = unescaped(&shown(&answer.body));
        assert!(page.contains(says) && page.contains("id=\"field-table-error\""), "{says}: {page}");
    }
    let nothing = send(&mut mira, &id, &[("file", "", b""), ("table", "", b"")]).await;
    assert_eq!(nothing.status, 422);
    assert!(shown(&nothing.body).contains("Choose files, or a table, or both."));
    let unreadable = with(&common(&id), &[("language", "english")]);
    let body = multipart_with(&unreadable, &[("file", "a.txt", b"Salt.")]);
    let answer = mira.send(PATH, &multipart_type(), body).await;
    assert!(shown(&answer.body).contains("id=\"field-language-error\""), "{}", answer.status);
    let body = multipart_with(&common("x"), &[("file", "a.txt", b"Salt.")]);
    assert_eq!(mira.send(PATH, &multipart_type(), body).await.status, 400);
    assert_eq!(send(&mut buyer, &id, &[("file", "a.txt", b"Salt.")]).await.status, 403);
    let plain = mira.post(PATH, &common(&id)).await;
    assert_eq!(plain.status, 415);
    assert_eq!((before, 0), (world.rows().await, world.kept().len()));
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn more_files_than_are_taken_are_left_out(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let id = input(&mira.open(PATH).await, "id");
    let files: Vec<(String, Vec<u8>)> =
        (0..502).map(|n| (format!("{n}.txt"), format!("Salt {n}.").into_bytes())).collect();
    let files: Vec<_> =
        files.iter().map(|(name, bytes)| ("file", name.as_str(), bytes.as_slice())).collect();
    let answer = send(&mut mira, &id, &files).await;
    assert_eq!(answer.status, 200, "{}", shown(&answer.body));
    let page = shown(&answer.body);
    assert!(page.contains("500 works were registered. One was not"), "{page}");
    assert_eq!((world.count("asset").await, world.kept().len()), (500, 500));
    world.gate.close().await;
}
