//! Invoices, credit notes, refunds and chargebacks.

use imprimatur::services::payments::{
    Chargeback, ChargebackId, ChargebackState, CreditNote, CreditNoteId, CustomerId, Invoice,
    InvoiceId, InvoiceState, Key, NewCreditNote, NewInvoice, NewRefund, PaymentId, Reference,
    Refund, RefundId, RefundState,
};
use stripe_billing::{
    credit_note::CreateCreditNote,
    invoice::{
        AddLinesInvoice, AddLinesInvoiceLines, CreateInvoice,
        CreateInvoicePendingInvoiceItemsBehavior, FinalizeInvoiceInvoice, ListInvoice, PayInvoice,
        RetrieveInvoice, VoidInvoiceInvoice,
    },
};
use stripe_client_core::StripeRequest as _;
use stripe_core::{
    dispute::RetrieveDispute,
    refund::{CreateRefund, RetrieveRefund},
};
use stripe_shared::{DisputeStatus, InvoiceCollectionMethod, InvoiceStatus};

use crate::{
    Stripe,
    balance::read_entry,
    wire::Failed,
    words::{amount, metadata, reference, their_currency},
};

/// Lines one call adds at most.
const LINES_AT_ONCE: usize = 250;

/// Rows of one page of a list.
const PAGE: i64 = 100;

fn read(invoice: stripe_shared::Invoice) -> Result<Invoice, Failed> {
    let id = invoice.id.ok_or_else(|| Failed::Unknown("an invoice has no id".into()))?;
    let state = match invoice.status {
        Some(InvoiceStatus::Draft) | None => InvoiceState::Draft,
        Some(InvoiceStatus::Open) => InvoiceState::Open,
        Some(InvoiceStatus::Paid) => InvoiceState::Paid,
        Some(InvoiceStatus::Void) => InvoiceState::Void,
        Some(InvoiceStatus::Uncollectible) => InvoiceState::Uncollectible,
        Some(other) => return Err(Failed::Unknown(format!("an invoice is {}", other.as_str()))),
    };
    let paid_by = invoice.payments.and_then(|payments| {
        payments.data.into_iter().find(|payment| payment.status == "paid").and_then(|payment| {
            payment.payment.payment_intent.map(|intent| PaymentId(intent.into_id().to_string()))
        })
    });
    Ok(Invoice {
        id: InvoiceId(id.to_string()),
        customer: invoice.customer.map(|customer| CustomerId(customer.into_id().to_string())),
        state,
        number: invoice.number,
        total: amount(invoice.total, &invoice.currency)?,
        due: amount(invoice.amount_remaining, &invoice.currency)?,
        paid: amount(invoice.amount_paid, &invoice.currency)?,
        reference: reference(invoice.metadata.as_ref()),
        payment: paid_by,
        page_url: invoice.hosted_invoice_url,
        pdf_url: invoice.invoice_pdf,
        attempts: invoice.attempt_count,
    })
}

fn with_payments() -> Vec<String> {
    vec!["payments".to_owned()]
}

impl Stripe {
    pub(crate) async fn draft(&self, key: &Key, new: &NewInvoice) -> Result<Invoice, Failed> {
        for line in &new.lines {
            if line.amount.currency() != new.currency {
                return Err(Failed::Refused(imprimatur::services::payments::Refused {
                    code: "currency_mixed".into(),
                    message: "All lines of an invoice are in its currency.".into(),
                }));
            }
        }
        let request = CreateInvoice::new()
            .customer(new.customer.to_string())
            .currency(their_currency(new.currency))
            .collection_method(InvoiceCollectionMethod::ChargeAutomatically)
            .auto_advance(false)
            .pending_invoice_items_behavior(CreateInvoicePendingInvoiceItemsBehavior::Exclude)
            .description(new.text.clone())
            .metadata(metadata(&new.reference));
        let mut invoice = request.customize().send(&self.wire.keyed(key)).await?;
        let id =
            invoice.id.clone().ok_or_else(|| Failed::Unknown("an invoice has no id".into()))?;
        for (part, lines) in new.lines.chunks(LINES_AT_ONCE).enumerate() {
            let lines: Vec<AddLinesInvoiceLines> = lines
                .iter()
                .map(|line| {
                    let mut wanted = AddLinesInvoiceLines::new();
                    wanted.amount = Some(line.amount.cents());
                    wanted.description = Some(line.text.clone());
                    wanted
                })
                .collect();
            let key = key.part(format_args!("lines{part}"));
            invoice = AddLinesInvoice::new(id.clone(), lines)
                .customize()
                .send(&self.wire.keyed(&key))
                .await?;
        }
        read(invoice)
    }

    pub(crate) async fn number(&self, key: &Key, id: &InvoiceId) -> Result<Invoice, Failed> {
        let request = FinalizeInvoiceInvoice::new(id.as_str()).auto_advance(false);
        read(request.customize().send(&self.wire.keyed(key)).await?)
    }

    pub(crate) async fn charge(&self, key: &Key, id: &InvoiceId) -> Result<Invoice, Failed> {
        let request = PayInvoice::new(id.as_str()).off_session(true).expand(with_payments());
        read(request.customize().send(&self.wire.keyed(key)).await?)
    }

    pub(crate) async fn read_invoice(&self, id: &InvoiceId) -> Result<Invoice, Failed> {
        let request = RetrieveInvoice::new(id.as_str()).expand(with_payments());
        read(request.customize().send(&self.wire.reading()).await?)
    }

    pub(crate) async fn find_invoices(
        &self,
        customer: &CustomerId,
        wanted: &Reference,
    ) -> Result<Vec<Invoice>, Failed> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut request = ListInvoice::new().customer(customer.to_string()).limit(PAGE);
            if let Some(after) = after.take() {
                request = request.starting_after(after);
            }
            let page = request.customize().send(&self.wire.reading()).await?;
            after = page.data.last().and_then(|last| last.id.as_ref()).map(ToString::to_string);
            for invoice in page.data {
                let invoice = read(invoice)?;
                if invoice.reference.as_ref() == Some(wanted) {
                    found.push(invoice);
                }
            }
            if !page.has_more || after.is_none() {
                return Ok(found);
            }
        }
    }

    pub(crate) async fn give_up(&self, key: &Key, id: &InvoiceId) -> Result<Invoice, Failed> {
        let request = VoidInvoiceInvoice::new(id.as_str());
        read(request.customize().send(&self.wire.keyed(key)).await?)
    }

    pub(crate) async fn credit(
        &self,
        key: &Key,
        new: &NewCreditNote,
    ) -> Result<CreditNote, Failed> {
        let cents = new.amount.cents();
        let mut request = CreateCreditNote::new(new.invoice.to_string())
            .amount(cents)
            .memo(new.text.clone())
            .metadata(metadata(&new.reference));
        if new.is_refunded {
            request = request.refund_amount(cents);
        }
        let made = request.customize().send(&self.wire.keyed(key)).await?;
        Ok(CreditNote {
            id: CreditNoteId(made.id.to_string()),
            number: made.number,
            total: amount(made.total, &made.currency)?,
            pdf_url: Some(made.pdf).filter(|url| !url.is_empty()),
            refund: made
                .refunds
                .into_iter()
                .next()
                .map(|refund| RefundId(refund.refund.into_id().to_string())),
        })
    }

    pub(crate) async fn send_back(&self, key: &Key, new: &NewRefund) -> Result<Refund, Failed> {
        let request = CreateRefund::new()
            .payment_intent(new.payment.to_string())
            .amount(new.amount.cents())
            .metadata(metadata(&new.reference));
        read_refund(request.customize().send(&self.wire.keyed(key)).await?)
    }

    pub(crate) async fn read_refund(&self, id: &RefundId) -> Result<Refund, Failed> {
        read_refund(RetrieveRefund::new(id.as_str()).customize().send(&self.wire.reading()).await?)
    }

    pub(crate) async fn read_chargeback(&self, id: &ChargebackId) -> Result<Chargeback, Failed> {
        let found =
            RetrieveDispute::new(id.as_str()).customize().send(&self.wire.reading()).await?;
        let state = match found.status {
            DisputeStatus::Won | DisputeStatus::Prevented => ChargebackState::Won,
            DisputeStatus::Lost => ChargebackState::Lost,
            DisputeStatus::NeedsResponse => ChargebackState::NeedsAnswer,
            DisputeStatus::UnderReview => ChargebackState::UnderReview,
            DisputeStatus::WarningNeedsResponse
            | DisputeStatus::WarningUnderReview
            | DisputeStatus::WarningClosed => ChargebackState::Warned,
            other => return Err(Failed::Unknown(format!("a dispute is {}", other.as_str()))),
        };
        Ok(Chargeback {
            id: ChargebackId(found.id.to_string()),
            payment: found.payment_intent.map(|intent| PaymentId(intent.into_id().to_string())),
            amount: amount(found.amount, &found.currency)?,
            state,
            reason: found.reason,
            entries: found
                .balance_transactions
                .into_iter()
                .map(read_entry)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn read_refund(refund: stripe_shared::Refund) -> Result<Refund, Failed> {
    let state = match refund.status.as_deref() {
        Some("succeeded") => RefundState::Succeeded,
        Some("failed") => RefundState::Failed,
        Some("canceled") => RefundState::Canceled,
        _ => RefundState::Pending,
    };
    Ok(Refund {
        id: RefundId(refund.id.to_string()),
        amount: amount(refund.amount, &refund.currency)?,
        state,
        reference: reference(refund.metadata.as_ref()),
    })
}
