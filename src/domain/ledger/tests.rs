//! Random histories, held against a plain count of who should have what.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::{ids::TypedId as _, money::Money, payout};

const BUYERS: u128 = 3;
const CREATORS: u128 = 4;

fn buyer(n: u8) -> OrgId {
    OrgId::from_uuid(Uuid::from_u128(u128::from(n) % BUYERS + 100))
}

fn creator(n: u8) -> OrgId {
    OrgId::from_uuid(Uuid::from_u128(u128::from(n) % CREATORS + 200))
}

fn currency(n: u8) -> Currency {
    if n.is_multiple_of(4) { Currency::Eur } else { Currency::Usd }
}

/// Books kept in memory: balances, and the causes that have posted.
#[derive(Default)]
struct Books {
    balances: BTreeMap<Account, i128>,
    causes: BTreeSet<(TransferCode, u64)>,
    posted: usize,
}

impl Books {
    /// False if the cause has posted before.
    fn post(&mut self, cause: u64, booked: Result<Transaction, NoTransaction>) -> bool {
        let transaction = match booked {
            Ok(transaction) => transaction,
            Err(NoTransaction::Nothing) => return false,
            Err(fault) => panic!("{fault}"),
        };
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        for entry in transaction.entries() {
            assert_ne!(entry.micros, 0);
            let kind = entry.account.kind();
            assert_eq!(kind.is_of_organization(), entry.account.org_id().is_some());
            *sums.entry(entry.account.currency()).or_default() += i128::from(entry.micros);
        }
        assert!(sums.values().all(|sum| *sum == 0), "{transaction:?}");
        if !self.causes.insert((transaction.code(), cause)) {
            return false;
        }
        self.posted += 1;
        for entry in transaction.entries() {
            *self.balances.entry(entry.account).or_default() += i128::from(entry.micros);
        }
        true
    }

    fn reads(&self, kind: AccountKind, org: OrgId, currency: Currency) -> i128 {
        let sum = self.balances.get(&Account::of(kind, org, currency)).copied().unwrap_or(0);
        if kind.side() == Side::Debit { sum } else { -sum }
    }

    fn check(&self) {
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        for (account, sum) in &self.balances {
            *sums.entry(account.currency()).or_default() += sum;
            let reads = if account.kind().side() == Side::Debit { *sum } else { -*sum };
            assert!(!account.kind().is_bounded() || reads >= 0, "{account:?} reads {reads}");
        }
        assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
        assert_eq!(self.causes.len(), self.posted);
    }
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Rate { buyer: u8, creators: [u8; 2], share: u16, gross: u32, fee_bp: u16 },
    Correct { charge: u8, by: u16 },
    Bill { buyer: u8 },
    Pay { invoice: u8, from_wallet: bool },
    TakePaymentBack { invoice: u8 },
    Credit { invoice: u8, part: u16 },
    TopUp { buyer: u8, sum: u32 },
    Refund { buyer: u8, part: u16, fails: bool },
    Mature { invoice: u8 },
    Hold { charge: u8, ends: u8 },
    Payout { creator: u8, seen: [u8; 4] },
    Chargeback { invoice: u8, won: bool },
    Again { cause: u8 },
}

fn deed() -> impl Strategy<Value = Deed> {
    let n = any::<u8>;
    prop_oneof![
        4 => (n(), any::<[u8; 2]>(), 1..10_000u16, any::<u32>(), 0..10_000u16).prop_map(
            |(buyer, creators, share, gross, fee_bp)| Deed::Rate { buyer, creators, share, gross, fee_bp }
        ),
        1 => (n(), any::<u16>()).prop_map(|(charge, by)| Deed::Correct { charge, by }),
        3 => n().prop_map(|buyer| Deed::Bill { buyer }),
        3 => (n(), any::<bool>()).prop_map(|(invoice, from_wallet)| Deed::Pay { invoice, from_wallet }),
        1 => n().prop_map(|invoice| Deed::TakePaymentBack { invoice }),
        1 => (n(), any::<u16>()).prop_map(|(invoice, part)| Deed::Credit { invoice, part }),
        1 => (n(), any::<u32>()).prop_map(|(buyer, sum)| Deed::TopUp { buyer, sum }),
        1 => (n(), any::<u16>(), any::<bool>()).prop_map(|(buyer, part, fails)| Deed::Refund { buyer, part, fails }),
        3 => n().prop_map(|invoice| Deed::Mature { invoice }),
        1 => (n(), n()).prop_map(|(charge, ends)| Deed::Hold { charge, ends }),
        3 => (n(), any::<[u8; 4]>()).prop_map(|(creator, seen)| Deed::Payout { creator, seen }),
        1 => (n(), any::<bool>()).prop_map(|(invoice, won)| Deed::Chargeback { invoice, won }),
        2 => n().prop_map(|cause| Deed::Again { cause }),
    ]
}

struct Charge {
    buyer: OrgId,
    currency: Currency,
    gross: i64,
    fee: i64,
    payees: Payees,
    invoiced: bool,
    matured: bool,
    held: bool,
}

struct Invoice {
    buyer: OrgId,
    currency: Currency,
    charges: Vec<usize>,
    due: i64,
    paid: i64,
}

/// What happens, and what it should come to.
#[derive(Default)]
struct World {
    books: Books,
    cause: u64,
    charges: Vec<Charge>,
    invoices: Vec<Invoice>,
    /// Everything that was booked, to be delivered once more.
    sent: Vec<(u64, Transaction)>,
    gross: BTreeMap<Currency, i128>,
    fees: BTreeMap<Currency, i128>,
    earned: BTreeMap<(OrgId, Currency), i128>,
}

impl World {
    fn post(&mut self, booked: Result<Transaction, NoTransaction>) -> bool {
        self.cause += 1;
        if let Ok(transaction) = &booked {
            self.sent.push((self.cause, transaction.clone()));
        }
        self.books.post(self.cause, booked)
    }

    fn pick<T>(items: &[T], n: u8) -> Option<usize> {
        (!items.is_empty()).then(|| usize::from(n) % items.len())
    }

    fn rate(&mut self, buyer: OrgId, sum: Money, fee: i64, payees: &Payees) {
        let parts = payees.divide(sum.micros - fee);
        assert_eq!(parts.iter().map(|(_, part)| part).sum::<i64>() + fee, sum.micros);
        self.post(charge_rated(buyer, sum, fee, &parts));
        *self.gross.entry(sum.currency).or_default() += i128::from(sum.micros);
        *self.fees.entry(sum.currency).or_default() += i128::from(fee);
        for (org, part) in parts {
            *self.earned.entry((org, sum.currency)).or_default() += i128::from(part);
        }
        self.charges.push(Charge {
            buyer,
            currency: sum.currency,
            gross: sum.micros,
            fee,
            payees: payees.clone(),
            invoiced: false,
            matured: false,
            held: false,
        });
    }

    fn matured(&mut self, at: usize) {
        let charge = &mut self.charges[at];
        if charge.matured {
            return;
        }
        charge.matured = true;
        let parts = charge.payees.divide(charge.gross - charge.fee);
        let currency = charge.currency;
        for (org, part) in parts {
            self.post(earning_matured(org, Money::new(part, currency)));
        }
    }

    fn happens(&mut self, deed: Deed) {
        match deed {
            Deed::Rate { buyer: of, creators, share, gross, fee_bp } => {
                let (one, two) = (creator(creators[0]), creator(creators[1]));
                let shares = match one == two {
                    true => vec![(one, 10_000)],
                    false => vec![(one, u32::from(share)), (two, 10_000 - u32::from(share))],
                };
                let payees = Payees::new(shares).unwrap();
                let gross = i64::from(gross);
                let rule = FeeRule { rate_bp: fee_bp.into(), least_micros: 7, most_micros: None };
                let sum = Money::new(gross, currency(of));
                self.rate(buyer(of), sum, fee(gross, &[rule]), &payees);
            }
            Deed::Correct { charge, by } => {
                let Some(at) = Self::pick(&self.charges, charge) else { return };
                let Charge { buyer, currency, ref payees, .. } = self.charges[at];
                let payees = payees.clone();
                self.rate(buyer, Money::new(by.into(), currency), 0, &payees);
            }
            Deed::Bill { buyer: of } => {
                for currency in [Currency::Usd, Currency::Eur] {
                    let open: Vec<usize> = (0..self.charges.len())
                        .filter(|&at| {
                            let charge = &self.charges[at];
                            !charge.invoiced
                                && charge.buyer == buyer(of)
                                && charge.currency == currency
                        })
                        .collect();
                    let sum: i64 = open.iter().map(|&at| self.charges[at].gross).sum();
                    if sum == 0 {
                        continue;
                    }
                    let tax = sum / 5;
                    self.post(invoice_issued(buyer(of), Money::new(sum, currency), tax));
                    open.iter().for_each(|&at| self.charges[at].invoiced = true);
                    let invoice = Invoice {
                        buyer: buyer(of),
                        currency,
                        charges: open,
                        due: sum + tax,
                        paid: 0,
                    };
                    self.invoices.push(invoice);
                }
            }
            Deed::Pay { invoice, from_wallet } => {
                let Some(at) = Self::pick(&self.invoices, invoice) else { return };
                let Invoice { buyer, currency, due, .. } = self.invoices[at];
                let wallet = self.books.reads(AccountKind::BuyerWallet, buyer, currency);
                let sum = Money::new(due, currency);
                if due == 0 || (from_wallet && wallet < i128::from(due)) {
                    return;
                }
                let booked = match from_wallet {
                    true => wallet_spent(buyer, sum),
                    false => payment_received(buyer, sum),
                };
                self.post(booked);
                self.invoices[at].paid += due;
                self.invoices[at].due = 0;
            }
            Deed::TakePaymentBack { invoice } => {
                let Some(at) = Self::pick(&self.invoices, invoice) else { return };
                let Invoice { buyer, currency, paid, .. } = self.invoices[at];
                self.post(payment_returned(buyer, Money::new(paid, currency)));
                self.invoices[at].due += paid;
                self.invoices[at].paid = 0;
            }
            Deed::Credit { invoice, part } => {
                let Some(at) = Self::pick(&self.invoices, invoice) else { return };
                let Invoice { buyer, currency, due, .. } = self.invoices[at];
                let Some(&charge) = self.invoices[at].charges.first() else { return };
                let Charge { gross, fee, ref payees, .. } = self.charges[charge];
                if gross <= 0 {
                    return;
                }
                let payees = payees.clone();
                let part = gross * i64::from(part) / i64::from(u16::MAX);
                let fee_part = i128::from(fee) * i128::from(part) / i128::from(gross);
                let fee_part = i64::try_from(fee_part).unwrap();
                self.rate(buyer, Money::new(-part, currency), -fee_part, &payees);
                self.charges[charge].gross -= part;
                self.charges[charge].fee -= fee_part;
                if let Some(last) = self.charges.last_mut() {
                    last.invoiced = true;
                    last.matured = true;
                }
                let credited = Money::new(part, currency);
                self.post(credit_note_issued(buyer, credited, part / 5, due));
                self.invoices[at].due -= due.clamp(0, part + part / 5);
                // What it took from the payees is taken from where their part of the charge lies.
                if self.charges[charge].matured {
                    for (org, net) in payees.divide(-part + fee_part) {
                        self.post(earning_matured(org, Money::new(net, currency)));
                    }
                }
            }
            Deed::TopUp { buyer: of, sum } => {
                self.post(top_up_received(buyer(of), Money::new(sum.into(), currency(of))));
            }
            Deed::Refund { buyer: of, part, fails } => {
                let wallet = self.books.reads(AccountKind::BuyerWallet, buyer(of), currency(of));
                let part = wallet * i128::from(part) / i128::from(u16::MAX);
                let sum = Money::new(i64::try_from(part).unwrap(), currency(of));
                self.post(refund_sent(buyer(of), sum));
                if fails {
                    self.post(refund_failed(buyer(of), sum));
                }
            }
            Deed::Mature { invoice } => {
                let Some(at) = Self::pick(&self.invoices, invoice) else { return };
                if self.invoices[at].due == 0 {
                    for charge in self.invoices[at].charges.clone() {
                        self.matured(charge);
                    }
                }
            }
            Deed::Hold { charge, ends } => {
                let Some(at) = Self::pick(&self.charges, charge) else { return };
                let Charge { buyer, currency, gross, fee, matured, held, ref payees, .. } =
                    self.charges[at];
                if held || gross <= fee {
                    return;
                }
                let parts = payees.divide(gross - fee);
                self.charges[at].held = true;
                self.charges[at].matured = true;
                for (org, part) in parts {
                    let sum = Money::new(part, currency);
                    self.post(hold_placed(org, sum, matured));
                    match ends % 3 {
                        0 => self.post(hold_released(org, sum)),
                        1 => self.post(hold_forfeited(org, buyer, sum, 0)),
                        _ => false,
                    };
                }
            }
            Deed::Payout { creator: of, seen } => {
                let (org, currency) = (creator(of), currency(of));
                let available = self.books.reads(AccountKind::CreatorAvailable, org, currency);
                let Ok(sum @ 1..) = i64::try_from(available) else { return };
                let sum = Money::new(sum, currency);
                self.post(payout_reserved(org, sum));
                let mut state = payout::State::Reserved;
                for n in seen {
                    let news = payout::State::ALL[usize::from(n) % payout::State::ALL.len()];
                    let Ok(steps) = payout::steps(state, news) else { continue };
                    for step in steps.codes() {
                        self.post(payout::booking(*step, org, sum));
                    }
                    state = steps.state();
                }
            }
            Deed::Chargeback { invoice, won } => {
                let Some(at) = Self::pick(&self.invoices, invoice) else { return };
                let Invoice { buyer, currency, paid, .. } = self.invoices[at];
                self.post(chargeback_taken(buyer, Money::new(paid, currency)));
                self.post(cost_taken(buyer, Money::new(15_000_000, currency)));
                if won {
                    self.post(chargeback_returned(buyer, Money::new(paid, currency)));
                }
            }
            Deed::Again { cause } => {
                let Some(at) = Self::pick(&self.sent, cause) else { return };
                let (cause, transaction) = self.sent[at].clone();
                assert!(!self.books.post(cause, Ok(transaction)), "a cause posted twice");
            }
        }
    }

    /// Every balance is what the deeds should have led to.
    fn check(&self) {
        self.books.check();
        let sum = |kind: AccountKind, wanted: Currency| -> i128 {
            let of = |(account, sum): (&Account, &i128)| {
                (account.kind() == kind && account.currency() == wanted).then_some(*sum)
            };
            self.books.balances.iter().filter_map(of).sum()
        };
        for currency in [Currency::Usd, Currency::Eur] {
            let of = |map: &BTreeMap<Currency, i128>| map.get(&currency).copied().unwrap_or(0);
            assert_eq!(-sum(AccountKind::PlatformFees, currency), of(&self.fees));
            let earned: i128 = (self.earned.iter())
                .filter(|((_, of), _)| *of == currency)
                .map(|(_, earned)| *earned)
                .sum();
            assert_eq!(earned + of(&self.fees), of(&self.gross), "shares add up");
            let due: i128 = (self.invoices.iter())
                .filter(|invoice| invoice.currency == currency)
                .map(|invoice| i128::from(invoice.due))
                .sum();
            assert_eq!(sum(AccountKind::BuyerReceivable, currency), due);
            let unbilled: i128 = (self.charges.iter())
                .filter(|charge| charge.currency == currency && !charge.invoiced)
                .map(|charge| i128::from(charge.gross))
                .sum();
            assert_eq!(sum(AccountKind::BuyerUnbilled, currency), unbilled);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Use, corrections, credits, refunds, objections, payouts that fail, and everything sent again.
    #[test]
    fn the_books_balance_after_every_step_of_any_history(deeds in prop::collection::vec(deed(), 1..60)) {
        let mut world = World::default();
        for deed in deeds {
            world.happens(deed);
            world.check();
        }
    }
}

#[test]
fn a_charge_whose_parts_are_not_the_whole_is_no_transaction() {
    let gross = Money::new(100, Currency::Usd);
    let of = |parts: &[(OrgId, i64)]| charge_rated(buyer(0), gross, 10, parts);
    assert_eq!(of(&[(creator(0), 89)]), Err(NoTransaction::Parts));
    assert_eq!(of(&[(creator(0), 90)]).unwrap().entries().len(), 3);
    let nothing = Money::new(0, Currency::Usd);
    assert_eq!(payment_received(buyer(0), nothing), Err(NoTransaction::Nothing));
}

#[test]
fn a_month_on_the_standard_tier_from_use_to_the_bank() {
    let (buyer, creator, usd) = (buyer(0), creator(0), Currency::Usd);
    let sum = |micros| Money::new(micros, usd);
    let mut books = Books::default();
    let deeds = [
        charge_rated(buyer, sum(2_505_000_000), 250_500_000, &[(creator, 2_254_500_000)]),
        invoice_issued(buyer, sum(2_505_000_000), 0),
        payment_received(buyer, sum(2_505_000_000)),
        earning_matured(creator, sum(2_254_500_000)),
        payout_reserved(creator, sum(2_254_500_000)),
        payout_transferred(creator, sum(2_254_500_000)),
        payout_paid(creator, sum(2_254_500_000)),
    ];
    for deed in deeds {
        assert!(books.post(1, deed));
        books.check();
    }
    books.balances.retain(|_, sum| *sum != 0);
    let left: Vec<(AccountKind, i128)> =
        books.balances.iter().map(|(account, sum)| (account.kind(), *sum)).collect();
    let fee = 250_500_000;
    assert_eq!(left, [(AccountKind::PlatformFees, -fee), (AccountKind::StripeClearing, fee)]);
}
