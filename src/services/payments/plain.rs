//! What the provider still wants to know of an account, in plain words with what to do.

/// Countries a creator can be paid in: those the provider reaches from where we are.
pub const COUNTRIES: [(&str, &str); 13] = [
    ("AT", n!("Austria")),
    ("BE", n!("Belgium")),
    ("FI", n!("Finland")),
    ("FR", n!("France")),
    ("DE", n!("Germany")),
    ("IE", n!("Ireland")),
    ("IT", n!("Italy")),
    ("LU", n!("Luxembourg")),
    ("NL", n!("Netherlands")),
    ("PT", n!("Portugal")),
    ("ES", n!("Spain")),
    ("GB", n!("United Kingdom")),
    ("US", n!("United States")),
];

/// A requirement, as in `individual.verification.document`, in words.
pub fn requirement(code: &str) -> &'static str {
    // The beginning names whose it is; a person, a company's owner, or the company.
    match code {
        "external_account" => t!("A bank account that your earnings are sent to."),
        "business_type" => t!("Whether you are a person or a company."),
        "email" => t!("An e-mail address."),
        _ if code.starts_with("tos_acceptance.") => {
            t!("Your consent to the payment service's terms.")
        }
        _ if code.starts_with("business_profile.") => t!("What you do, and where it can be seen."),
        _ if code.contains(".verification.document") => t!("A picture of an identity document."),
        _ if code.contains(".verification.") => t!("A document that proves what you said."),
        _ if code.contains(".dob.") => t!("A date of birth."),
        _ if code.contains(".address") => t!("An address."),
        _ if code.contains("_name") => t!("A full name."),
        _ if code.contains("tax_id") || code.contains("id_number") || code.contains("ssn") => {
            t!("A tax number.")
        }
        _ if code.contains(".phone") || code.contains(".email") => t!("How to reach you."),
        _ if code.starts_with("company.") => t!("Something about the company."),
        _ => t!("Something more about you; the form says what."),
    }
}

/// Requirements in words, each said once, in the order they came.
pub fn requirements(codes: &[String]) -> Vec<&'static str> {
    let mut said = Vec::new();
    for code in codes {
        let words = requirement(code);
        if !said.contains(&words) {
            said.push(words);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_said_once() {
        let codes = ["individual.dob.day", "individual.dob.month", "external_account", "odd"];
        let codes: Vec<String> = codes.into_iter().map(str::to_owned).collect();
        assert_eq!(requirements(&codes).len(), 3);
    }
}
