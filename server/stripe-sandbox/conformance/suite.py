"""The sandbox as the official Python SDK sees it, held to what Stripe's documentation promises.

Usage: suite.py URL. Nothing in here knows how the sandbox works inside.
"""

import http.server
import json
import sys
import threading
import time
import unittest
import urllib.parse
import urllib.request
import uuid

import stripe

URL = sys.argv.pop()
VERSION = "2026-09-30.endive"
client = stripe.StripeClient(
    "sk_test_conformance",
    base_addresses={"api": URL},
    stripe_version=VERSION,
    max_network_retries=0,
)
v1 = client.v1


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def post(address, /, **fields):
    """Posts a form as a browser does, and says where it leads."""
    data = urllib.parse.urlencode(fields).encode()
    try:
        urllib.request.build_opener(NoRedirect).open(URL + address, data)
    except urllib.error.HTTPError as answer:
        if answer.code in (302, 303):
            return answer.headers["Location"]
        raise
    return None


def order(name, /, **fields):
    post("/_sandbox/order", order=name, **fields)


def eventually(look, seconds=10):
    """Waits until `look` finds something, and answers with it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def a_customer(card="pm_card_visa"):
    customer = v1.customers.create({"name": "Ada", "email": "ada@example.com"})
    method = v1.payment_methods.attach(card, {"customer": customer.id})
    settings = {"default_payment_method": method.id}
    return v1.customers.update(customer.id, {"invoice_settings": settings})


def an_invoice(customer, amount=250_000, currency="usd"):
    invoice = v1.invoices.create({"customer": customer.id, "currency": currency})
    v1.invoices.add_lines(invoice.id, {"lines": [{"amount": amount, "description": "A month"}]})
    return v1.invoices.finalize_invoice(invoice.id)


def an_account(country="US"):
    account = v1.accounts.create(
        {
            "country": country,
            "controller": {
                "fees": {"payer": "application"},
                "losses": {"payments": "application"},
                "requirement_collection": "stripe",
                "stripe_dashboard": {"type": "express"},
            },
            "capabilities": {"transfers": {"requested": True}},
        }
    )
    return account


def onboarded(how="complete", country="US"):
    account = an_account(country)
    link = v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "http://example.com/again",
            "return_url": "http://example.com/back",
        }
    )
    post(urllib.parse.urlparse(link.url).path, how=how)
    return v1.accounts.retrieve(account.id)


def money_in(amount=1_000_000):
    """Makes an amount available on the platform's balance."""
    v1.invoices.pay(an_invoice(a_customer("pm_card_bypassPending"), amount).id)


def available(account=None):
    options = {"stripe_account": account} if account else {}
    balance = v1.balance.retrieve(options=options)
    return {line.currency: line.amount for line in balance.available}.get("usd", 0)


class Errors(unittest.TestCase):
    def refused(self, kind, call):
        with self.assertRaises(kind) as caught:
            call()
        return caught.exception

    def test_a_wrong_key_is_refused(self):
        other = stripe.StripeClient("sk_wrong", base_addresses={"api": URL})
        error = self.refused(stripe.AuthenticationError, lambda: other.v1.customers.list())
        self.assertEqual(error.http_status, 401)

    def test_unknown_and_missing_parameters_are_named(self):
        error = self.refused(
            stripe.InvalidRequestError, lambda: v1.customers.create({"bogus": "1"})
        )
        self.assertEqual((error.code, error.param), ("parameter_unknown", "bogus"))
        error = self.refused(
            stripe.InvalidRequestError, lambda: v1.transfers.create({"currency": "usd"})
        )
        self.assertEqual((error.code, error.http_status), ("parameter_missing", 400))

    def test_what_is_not_there_is_missing(self):
        error = self.refused(stripe.InvalidRequestError, lambda: v1.customers.retrieve("cus_no"))
        self.assertEqual((error.code, error.http_status), ("resource_missing", 404))

    def test_an_account_of_somebody_else_is_forbidden(self):
        error = self.refused(
            stripe.PermissionError,
            lambda: v1.balance.retrieve(options={"stripe_account": "acct_no"}),
        )
        self.assertEqual((error.error.code, error.http_status), ("account_invalid", 403))

    def test_every_answer_has_a_request_id(self):
        self.assertTrue(v1.customers.list().last_response.request_id.startswith("req_"))


class Idempotency(unittest.TestCase):
    def test_the_same_key_happens_once(self):
        options = {"idempotency_key": str(uuid.uuid4())}
        first = v1.customers.create({"name": "Once"}, options)
        again = v1.customers.create({"name": "Once"}, options)
        self.assertEqual(first.id, again.id)
        self.assertEqual(again.last_response.headers["Idempotent-Replayed"], "true")

    def test_the_same_key_for_something_else_is_refused(self):
        options = {"idempotency_key": str(uuid.uuid4())}
        v1.customers.create({"name": "One"}, options)
        with self.assertRaises(stripe.IdempotencyError) as caught:
            v1.customers.create({"name": "Another"}, options)
        self.assertEqual(caught.exception.http_status, 400)

    def test_a_refused_parameter_leaves_the_key_free(self):
        options = {"idempotency_key": str(uuid.uuid4())}
        with self.assertRaises(stripe.InvalidRequestError):
            v1.customers.create({"bogus": "1"}, options)
        self.assertTrue(v1.customers.create({"name": "Now"}, options).id)

    def test_a_server_error_is_kept_for_its_key(self):
        options = {"idempotency_key": str(uuid.uuid4())}
        order("fault_call", fault="error_after", path="/v1/customers", times=1)
        for _ in range(2):
            with self.assertRaises(stripe.APIError) as caught:
                v1.customers.create({"name": "Broken"}, options)
            self.assertEqual(caught.exception.http_status, 500)

    def test_a_cut_connection_is_made_good_by_the_same_key(self):
        options = {"idempotency_key": str(uuid.uuid4())}
        name = str(uuid.uuid4())
        order("fault_call", fault="cut_after", path="/v1/customers", times=1)
        with self.assertRaises(stripe.APIConnectionError):
            v1.customers.create({"name": name}, options)
        made = v1.customers.create({"name": name}, options)
        named = [c.id for c in v1.customers.list({"limit": 100}).data if c.name == name]
        self.assertEqual(named, [made.id])

    def test_the_sdk_gets_through_on_its_own(self):
        patient = stripe.StripeClient(
            "sk_test_conformance", base_addresses={"api": URL}, max_network_retries=3
        )
        for fault in ("conflict", "error_before", "cut_before"):
            order("fault_call", fault=fault, path="/v1/customers", times=1)
            self.assertTrue(patient.v1.customers.create({"name": fault}).id)


class Lists(unittest.TestCase):
    def test_pages_hold_everything_once_newest_first(self):
        account = an_account().id
        group = str(uuid.uuid4())
        made = [v1.customers.create({"email": f"{group}@example.com"}).id for _ in range(5)]
        listed = [
            customer.id
            for customer in v1.customers.list(
                {"email": f"{group}@example.com", "limit": 2}
            ).auto_paging_iter()
        ]
        self.assertEqual(listed, made[::-1])
        self.assertTrue(account)

    def test_metadata_is_merged_and_taken_away(self):
        customer = v1.customers.create({"metadata": {"a": "1", "b": "2"}})
        changed = v1.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}})
        self.assertEqual(changed.metadata.to_dict(), {"b": "2", "c": "3"})


class Paying(unittest.TestCase):
    def test_an_invoice_is_drafted_numbered_and_paid(self):
        customer = a_customer()
        invoice = v1.invoices.create({"customer": customer.id, "currency": "usd"})
        self.assertEqual(invoice.status, "draft")
        lines = [{"amount": 250_000, "description": "Base"}, {"amount": 500, "description": "Over"}]
        self.assertEqual(v1.invoices.add_lines(invoice.id, {"lines": lines}).total, 250_500)
        opened = v1.invoices.finalize_invoice(invoice.id)
        self.assertEqual((opened.status, opened.amount_due), ("open", 250_500))
        paid = v1.invoices.pay(invoice.id, {"expand": ["payments"]})
        self.assertEqual((paid.status, paid.amount_remaining), ("paid", 0))
        intent = paid.payments.data[0].payment.payment_intent
        self.assertEqual(v1.payment_intents.retrieve(intent).amount_received, 250_500)
        self.assertIn(b"%PDF", urllib.request.urlopen(paid.invoice_pdf).read())

    def test_a_finalized_invoice_is_not_edited(self):
        invoice = an_invoice(a_customer())
        with self.assertRaises(stripe.InvalidRequestError):
            v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 1}]})

    def test_a_declined_card_leaves_the_invoice_open(self):
        customer = a_customer("pm_card_chargeCustomerFail")
        invoice = an_invoice(customer)
        with self.assertRaises(stripe.CardError) as caught:
            v1.invoices.pay(invoice.id)
        self.assertEqual((caught.exception.code, caught.exception.http_status), ("card_declined", 402))
        still = v1.invoices.retrieve(invoice.id)
        self.assertEqual((still.status, still.attempt_count), ("open", 1))
        post(f"/invoice/{invoice.id}", number="4242424242424242")
        self.assertEqual(v1.invoices.retrieve(invoice.id).status, "paid")

    def test_an_invoice_can_be_given_up(self):
        invoice = an_invoice(a_customer())
        self.assertEqual(v1.invoices.void_invoice(invoice.id).status, "void")
        with self.assertRaises(stripe.InvalidRequestError):
            v1.invoices.pay(invoice.id)

    def test_checkout_keeps_a_card(self):
        customer = v1.customers.create({"name": "Setup"})
        session = v1.checkout.sessions.create(
            {
                "mode": "setup",
                "currency": "usd",
                "customer": customer.id,
                "success_url": "http://example.com/done?id={CHECKOUT_SESSION_ID}",
                "cancel_url": "http://example.com/no",
            }
        )
        self.assertEqual(session.status, "open")
        next_url = post(urllib.parse.urlparse(session.url).path, number="4242 4242 4242 4242")
        self.assertEqual(next_url, f"http://example.com/done?id={session.id}")
        done = v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
        self.assertEqual(done.status, "complete")
        method = v1.payment_methods.retrieve(done.setup_intent.payment_method)
        self.assertEqual((method.customer, method.card.last4), (customer.id, "4242"))

    def test_the_portal_changes_the_card(self):
        customer = a_customer()
        session = v1.billing_portal.sessions.create(
            {"customer": customer.id, "return_url": "http://example.com/billing"}
        )
        post(urllib.parse.urlparse(session.url).path, number="5555555555554444")
        card = v1.customers.retrieve(customer.id).invoice_settings.default_payment_method
        self.assertEqual(v1.payment_methods.retrieve(card).card.brand, "mastercard")

    def test_a_credit_note_refunds_a_paid_invoice(self):
        invoice = an_invoice(a_customer())
        v1.invoices.pay(invoice.id)
        note = v1.credit_notes.create(
            {"invoice": invoice.id, "amount": 1_000, "refund_amount": 1_000, "memo": "Less"}
        )
        self.assertEqual((note.type, note.total), ("post_payment", 1_000))
        self.assertEqual(v1.refunds.retrieve(note.refunds[0].refund).amount, 1_000)
        with self.assertRaises(stripe.InvalidRequestError):
            v1.credit_notes.create(
                {"invoice": invoice.id, "amount": 250_000, "refund_amount": 250_000}
            )

    def test_a_credit_note_lowers_an_open_invoice(self):
        invoice = an_invoice(a_customer())
        v1.credit_notes.create({"invoice": invoice.id, "amount": 50_000})
        self.assertEqual(v1.invoices.retrieve(invoice.id).amount_remaining, 200_000)

    def test_a_refund_can_fail_later(self):
        before = available()
        invoice = an_invoice(a_customer("pm_card_refundFail"))
        paid = v1.invoices.pay(invoice.id, {"expand": ["payments"]})
        intent = paid.payments.data[0].payment.payment_intent
        refund = v1.refunds.create({"payment_intent": intent, "amount": 700})
        self.assertEqual(refund.status, "succeeded")
        self.assertEqual(available(), before - 700)
        order("advance", seconds=3_600)
        self.assertEqual(v1.refunds.retrieve(refund.id).status, "failed")

    def test_a_dispute_takes_the_money_and_brings_it_back_when_won(self):
        invoice = an_invoice(a_customer("pm_card_bypassPending"), 10_000)
        paid = v1.invoices.pay(invoice.id, {"expand": ["payments"]})
        intent = v1.payment_intents.retrieve(paid.payments.data[0].payment.payment_intent)
        before = available()
        order("dispute", charge=intent.latest_charge)
        dispute = v1.disputes.list({"limit": 1}).data[0]
        self.assertEqual((dispute.status, dispute.amount), ("needs_response", 10_000))
        self.assertEqual(available(), before - 10_000 - 1_500)
        order("win", dispute=dispute.id)
        self.assertEqual(v1.disputes.retrieve(dispute.id).status, "won")
        self.assertEqual(available(), before - 1_500)

    def test_the_whole_charge_is_money_that_settles(self):
        invoice = an_invoice(a_customer(), 100_000)
        v1.invoices.pay(invoice.id)
        line = v1.balance_transactions.list({"type": "charge", "limit": 1}).data[0]
        self.assertEqual((line.amount, line.fee, line.net), (100_000, 2_930, 97_070))
        self.assertEqual(line.status, "pending")
        before = available()
        order("advance", seconds=3 * 86_400)
        self.assertGreaterEqual(available(), before + 97_070)
        self.assertEqual(v1.balance_transactions.retrieve(line.id).status, "available")


class BeingPaid(unittest.TestCase):
    def test_a_new_account_cannot_be_paid(self):
        money_in()
        account = an_account()
        self.assertFalse(account.payouts_enabled)
        self.assertIn("external_account", account.requirements.currently_due)
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            v1.transfers.create({"amount": 1, "currency": "usd", "destination": account.id})
        self.assertEqual(caught.exception.code, "insufficient_capabilities_for_transfer")

    def test_onboarding_opens_the_account(self):
        account = onboarded()
        self.assertTrue(account.payouts_enabled and account.details_submitted)
        self.assertEqual(account.capabilities.transfers, "active")
        self.assertEqual(account.requirements.currently_due, [])

    def test_leaving_half_way_changes_nothing_and_a_bad_document_is_named(self):
        self.assertFalse(onboarded("half_way").details_submitted)
        account = onboarded("unverified")
        self.assertTrue(account.details_submitted)
        self.assertFalse(account.payouts_enabled)
        self.assertEqual(
            account.requirements.errors[0].requirement, "individual.verification.document"
        )

    def test_a_link_is_good_once(self):
        account = an_account()
        link = v1.account_links.create(
            {
                "account": account.id,
                "type": "account_onboarding",
                "refresh_url": "http://example.com/again",
                "return_url": "http://example.com/back",
            }
        )
        path = urllib.parse.urlparse(link.url).path
        self.assertEqual(post(path, how="half_way"), "http://example.com/back")
        self.assertEqual(post(path, how="complete"), "http://example.com/again")
        self.assertFalse(v1.accounts.retrieve(account.id).details_submitted)

    def test_a_transfer_moves_exactly_its_amount_and_comes_back(self):
        money_in()
        account = onboarded()
        before = available()
        group = str(uuid.uuid4())
        transfer = v1.transfers.create(
            {
                "amount": 12_345,
                "currency": "usd",
                "destination": account.id,
                "transfer_group": group,
                "metadata": {"payout": "1"},
            }
        )
        self.assertEqual((available(), available(account.id)), (before - 12_345, 12_345))
        found = v1.transfers.list({"transfer_group": group}).data
        self.assertEqual([t.id for t in found], [transfer.id])
        back = v1.transfers.reversals.create(transfer.id, {"amount": 345})
        self.assertEqual(back.amount, 345)
        self.assertEqual((available(), available(account.id)), (before - 12_000, 12_000))
        changed = v1.transfers.retrieve(transfer.id)
        self.assertEqual((changed.amount_reversed, changed.reversed), (345, False))
        with self.assertRaises(stripe.InvalidRequestError):
            v1.transfers.reversals.create(transfer.id, {"amount": 12_001})

    def test_more_than_is_there_is_not_transferred(self):
        account = onboarded()
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            v1.transfers.create(
                {"amount": 9_999_999_999, "currency": "usd", "destination": account.id}
            )
        self.assertEqual(caught.exception.code, "balance_insufficient")

    def test_a_payout_leaves_arrives_and_can_still_come_back(self):
        money_in()
        account = onboarded()
        acting = {"stripe_account": account.id}
        v1.transfers.create({"amount": 5_000, "currency": "usd", "destination": account.id})
        order("advance", seconds=86_400 + 7_200)
        payout = v1.payouts.list({"limit": 1}, acting).data[0]
        self.assertEqual((payout.amount, payout.automatic), (5_000, True))
        self.assertIn(payout.status, ("pending", "in_transit"))
        parts = v1.balance_transactions.list({"payout": payout.id, "type": "payment"}, acting)
        self.assertEqual([part.amount for part in parts.data], [5_000])
        order("advance", seconds=3 * 86_400)
        self.assertEqual(v1.payouts.retrieve(payout.id, options=acting).status, "paid")
        order("fail_payout", payout=payout.id)
        failed = v1.payouts.retrieve(payout.id, options=acting)
        self.assertEqual((failed.status, failed.failure_code), ("failed", "account_closed"))
        self.assertEqual(available(account.id), 5_000)
        self.assertFalse(v1.accounts.retrieve(account.id).payouts_enabled)

    def test_what_was_paid_out_cannot_be_reversed(self):
        money_in()
        account = onboarded()
        made = v1.transfers.create({"amount": 100, "currency": "usd", "destination": account.id})
        order("advance", seconds=2 * 86_400)
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            v1.transfers.reversals.create(made.id)
        self.assertEqual(caught.exception.code, "balance_insufficient")

    def test_a_requirement_stops_an_account(self):
        account = onboarded()
        order("ask", account=account.id)
        asked = v1.accounts.retrieve(account.id)
        self.assertTrue(asked.payouts_enabled)
        self.assertIsNotNone(asked.requirements.current_deadline)
        order("stop", account=account.id)
        stopped = v1.accounts.retrieve(account.id)
        self.assertFalse(stopped.payouts_enabled)
        self.assertEqual(stopped.requirements.disabled_reason, "requirements.past_due")


class Hook(http.server.BaseHTTPRequestHandler):
    letters = []
    refuse = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Hook.letters.append((body, self.headers["Stripe-Signature"]))
        if Hook.refuse > 0:
            Hook.refuse -= 1
            self.send_response(500)
        else:
            self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Letters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{cls.server.server_port}/hook"
        wanted = {"url": url, "enabled_events": ["*"], "api_version": VERSION}
        cls.own = v1.webhook_endpoints.create(wanted)
        cls.connect = v1.webhook_endpoints.create({**wanted, "connect": True})

    @classmethod
    def tearDownClass(cls):
        v1.webhook_endpoints.delete(cls.own.id)
        v1.webhook_endpoints.delete(cls.connect.id)
        cls.server.shutdown()

    def about(self, object_id, kind):
        return [
            letter
            for letter in list(Hook.letters)
            if json.loads(letter[0])["data"]["object"]["id"] == object_id
            and json.loads(letter[0])["type"] == kind
        ]

    def genuine(self, letter, secret):
        # The clock of the sandbox may be days ahead of ours.
        signed_at = int(letter[1].split(",")[0].removeprefix("t="))
        tolerance = abs(int(time.time()) - signed_at) + 300
        return stripe.Webhook.construct_event(letter[0], letter[1], secret, tolerance=tolerance)

    def test_a_letter_is_signed_and_says_what_caused_it(self):
        key = str(uuid.uuid4())
        customer = v1.customers.create({"name": "Told"}, {"idempotency_key": key})
        letter = eventually(lambda: self.about(customer.id, "customer.created"))[0]
        event = self.genuine(letter, self.own.secret)
        self.assertEqual(event.request.idempotency_key, key)
        self.assertEqual(event.api_version, VERSION)
        self.assertEqual(v1.events.retrieve(event.id).type, "customer.created")
        with self.assertRaises(stripe.SignatureVerificationError):
            self.genuine(letter, "whsec_other")

    def test_an_account_is_told_about_at_the_other_endpoint(self):
        account = onboarded()
        letter = eventually(lambda: self.about(account.id, "account.updated"))[0]
        event = self.genuine(letter, self.connect.secret)
        self.assertEqual(event.account, account.id)

    def test_what_was_not_taken_comes_again(self):
        Hook.refuse = 1
        customer = v1.customers.create({"name": "Again"})
        eventually(lambda: self.about(customer.id, "customer.created"))
        time.sleep(0.3)
        order("advance", seconds=120)
        letters = eventually(
            lambda: len(self.about(customer.id, "customer.created")) >= 2
            and self.about(customer.id, "customer.created")
        )
        self.assertEqual(len({json.loads(body)["id"] for body, _ in letters}), 1)
        self.genuine(letters[-1], self.own.secret)

    def test_bad_luck_with_letters(self):
        order("fault_event", fault="duplicated", times=1)
        twice = v1.customers.create({"name": "Twice"})
        eventually(lambda: len(self.about(twice.id, "customer.created")) == 2)
        order("fault_event", fault="badly_signed", times=1)
        bad = v1.customers.create({"name": "Bad"})
        letter = eventually(lambda: self.about(bad.id, "customer.created"))[0]
        with self.assertRaises(stripe.SignatureVerificationError):
            self.genuine(letter, self.own.secret)
        order("fault_event", fault="lost", times=1)
        lost = v1.customers.create({"name": "Lost"})
        listed = v1.events.list({"type": "customer.created", "limit": 5}).data
        self.assertIn(lost.id, [event.data.object.id for event in listed])
        self.assertEqual(self.about(lost.id, "customer.created"), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=1)
