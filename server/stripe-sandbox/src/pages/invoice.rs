//! An invoice, to read and to pay.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Form,
    extract::{Path, State as Given},
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{amount, card_fields, checkout::Card, complaint, escaped, gone, lead_on, page, read};
use crate::{
    Shared,
    fail::Failure,
    input::{Reply, What},
    shape::{int, text},
    state::State,
};

pub async fn show(Given(shared): Given<Arc<Shared>>, Path(invoice): Path<String>) -> Response {
    draw(&shared, &invoice, "", None).await
}

pub async fn pay(
    Given(shared): Given<Arc<Shared>>,
    Path(invoice): Path<String>,
    Form(card): Form<Card>,
) -> Response {
    let what = What::PayInvoice { invoice: invoice.clone(), number: card.number.clone() };
    match shared.apply(what).await {
        Ok(Reply::Next(url)) => lead_on(&url),
        Ok(_) => gone("There is no such invoice."),
        Err(failure) => draw(&shared, &invoice, &card.number, Some(failure)).await,
    }
}

fn numbered(state: &State, id: &str) -> Option<Value> {
    state
        .find(id)
        .filter(|found| found["object"] == "invoice" && !found["number"].is_null())
        .cloned()
}

fn lines(invoice: &Value) -> &[Value] {
    invoice["_"]["lines"].as_array().map(Vec::as_slice).unwrap_or_default()
}

async fn draw(shared: &Shared, id: &str, number: &str, failure: Option<Failure>) -> Response {
    let Some(invoice) = read(shared, |state| numbered(state, id)).await else {
        return gone("There is no such invoice.");
    };
    let currency = text(&invoice, "currency");
    let mut rows = String::new();
    for line in lines(&invoice) {
        let _ = write!(
            rows,
            "<tr><td>{}<td class=\"number\">{}",
            escaped(text(line, "description")),
            amount(int(line, "amount"), currency)
        );
    }
    let due = amount(int(&invoice, "amount_remaining"), currency);
    let form = match text(&invoice, "status") {
        "open" => format!(
            "{}{}",
            complaint(failure.as_ref()),
            card_fields(&format!("Pay {due}"), number, failure.is_some())
        ),
        "paid" => "<p class=\"good\">This invoice is paid.</p>".to_owned(),
        other => format!("<p>This invoice is {}.</p>", escaped(other)),
    };
    let body = format!(
        "<p>{}</p><table><thead><tr><th>For<th class=\"number\">Amount</thead><tbody>{rows}</tbody>\
         <tfoot><tr><th>Total<td class=\"number\">{}<tr><th>Due<td class=\"number\">{due}</tfoot></table>\
         {form}<p><a href=\"/invoice/{}/pdf\">Download as PDF</a></p>",
        escaped(text(&invoice, "description")),
        amount(int(&invoice, "total"), currency),
        escaped(id)
    );
    page(&format!("Invoice {}", text(&invoice, "number")), &body).into_response()
}

/// The invoice on one sheet: the least a reader of PDF accepts.
pub async fn pdf(Given(shared): Given<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let Some(invoice) = read(&shared, |state| numbered(state, &id)).await else {
        return gone("There is no such invoice.");
    };
    let currency = text(&invoice, "currency");
    let mut sheet = vec![
        format!("Invoice {} (sandbox: no real money)", text(&invoice, "number")),
        String::new(),
    ];
    sheet.extend(lines(&invoice).iter().take(45).map(|line| {
        format!("{}   {}", text(line, "description"), amount(int(line, "amount"), currency))
    }));
    sheet.push(String::new());
    sheet.push(format!("Total   {}", amount(int(&invoice, "total"), currency)));
    ([(header::CONTENT_TYPE, "application/pdf")], written(&sheet)).into_response()
}

fn written(sheet: &[String]) -> String {
    let mut drawing = String::from("BT /F1 11 Tf 14 TL 56 780 Td\n");
    for line in sheet {
        let safe: String = line
            .chars()
            .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
            .flat_map(|c| if matches!(c, '(' | ')' | '\\') { vec!['\\', c] } else { vec![c] })
            .collect();
        let _ = writeln!(drawing, "({safe}) Tj T*");
    }
    drawing.push_str("ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{drawing}\nendstream", drawing.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        let _ = writeln!(file, "{number} 0 obj\n{object}\nendobj");
    }
    let table = file.len();
    let _ = write!(file, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _ = writeln!(file, "{place:010} 00000 n ");
    }
    let _ = write!(
        file,
        "trailer << /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    );
    file
}
