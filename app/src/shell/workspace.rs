//! The workspace: navigation on the left, the page beside it. On a phone the
//! same navigation opens from a bar on top, as a popover the browser handles.

use leptos::prelude::*;

use super::mark::Mark;
use crate::islands::{Palette, Shortcut};

/// Links under one heading; the first group has none.
#[derive(Clone, Debug)]
pub struct NavGroup {
    pub title: Option<String>,
    pub items: Vec<NavItem>,
}

#[derive(Clone, Debug)]
pub struct NavItem {
    pub label: String,
    pub href: String,
    /// How many there are, or how many wait.
    pub count: Option<i64>,
    /// The letter that leads there after a `g`.
    pub key: Option<char>,
}

impl NavItem {
    #[must_use]
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into(), count: None, key: None }
    }

    #[must_use]
    pub fn count(self, count: i64) -> Self {
        Self { count: Some(count), ..self }
    }

    #[must_use]
    pub fn key(self, key: char) -> Self {
        Self { key: Some(key), ..self }
    }

    fn shortcut(&self) -> Option<Shortcut> {
        self.key.map(|key| Shortcut::new(key, &self.label, &self.href))
    }
}

/// Who is signed in, for which organization, and what they can switch to.
#[derive(Clone, Debug)]
pub struct Account {
    pub organization: String,
    pub person: String,
    pub role: String,
    pub others: Vec<OtherOrganization>,
    /// Where the switch form goes; it sends `org_id`.
    pub switch_action: String,
    pub sign_out_action: String,
    /// Pages about the person: their sessions, their settings.
    pub links: Vec<NavItem>,
}

#[derive(Clone, Debug)]
pub struct OtherOrganization {
    pub id: String,
    pub name: String,
}

#[component]
pub fn WorkspaceLayout(
    /// The address's path: the item it falls under is marked.
    #[prop(into)]
    path: String,
    nav: Vec<NavGroup>,
    account: Account,
    children: Children,
) -> impl IntoView {
    let current = current_href(&nav, &path);
    let shortcuts =
        nav.iter().flat_map(|group| &group.items).filter_map(NavItem::shortcut).collect();
    let groups = nav.into_iter().map(|group| draw_group(group, current.as_deref())).collect_view();
    view! {
        <a class="skip" href="#main">{t!("Skip to content")}</a>
        <div class="workspace">
            <header class="topbar">
                <Mark href="/" />
                <button class="topbar__menu" type="button" popovertarget="navigation">{t!("Menu")}</button>
            </header>
            <aside class="sidebar" id="navigation" popover>
              <div class="sidebar__inner">
                <div class="sidebar__head">
                    <Mark href="/" />
                    <button
                        class="sidebar__close"
                        type="button"
                        popovertarget="navigation"
                        popovertargetaction="hide"
                    >
                        {t!("Close")}
                    </button>
                </div>
                <a class="sidebar__find" href="/find" data-palette="">
                    {t!("Find")} <kbd class="key">"Ctrl K"</kbd>
                </a>
                <nav class="sidebar__nav" aria-label=t!("Workspace")>{groups}</nav>
                {draw_account(account)}
              </div>
            </aside>
            <main class="workspace__main" id="main" tabindex="-1">{children()}</main>
        </div>
        <Palette shortcuts />
    }
}

/// The longest href that the path is or lies under.
fn current_href(nav: &[NavGroup], path: &str) -> Option<String> {
    nav.iter()
        .flat_map(|group| &group.items)
        .map(|item| item.href.as_str())
        .filter(|href| {
            path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
        .max_by_key(|href| href.len())
        .map(str::to_owned)
}

fn draw_group(group: NavGroup, current: Option<&str>) -> impl IntoView + use<> {
    let items = group
        .items
        .into_iter()
        .map(|item| {
            let here = (current == Some(item.href.as_str())).then_some("page");
            view! {
                <li>
                    <a class="nav__link" href=item.href aria-current=here>
                        <span>{item.label}</span>
                        {item
                            .count
                            .map(|count| view! { <span class="nav__count">{count}</span> })}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        {group.title.map(|title| view! { <p class="nav__title">{title}</p> })}
        <ul class="nav">{items}</ul>
    }
}

fn draw_account(account: Account) -> impl IntoView {
    let switches = account
        .others
        .into_iter()
        .map(|other| {
            view! {
                <form method="post" action=account.switch_action.clone()>
                    <input type="hidden" name="org_id" value=other.id />
                    <button class="account__choice" type="submit">
                        {t!("Switch to ")} {other.name}
                    </button>
                </form>
            }
        })
        .collect_view();
    let links = account
        .links
        .into_iter()
        .map(|link| view! { <a class="account__choice" href=link.href>{link.label}</a> })
        .collect_view();
    view! {
        <details class="account">
            <summary class="account__summary">
                <span class="account__initials" aria-hidden="true">
                    {initials(&account.organization)}
                </span>
                <span class="account__words">
                    <span class="account__organization">{account.organization}</span>
                    <span class="account__person">{account.person} ", " {account.role}</span>
                </span>
            </summary>
            <div class="account__menu">
                {switches}
                {links}
                <form method="post" action=account.sign_out_action>
                    <button class="account__choice" type="submit">{t!("Sign out")}</button>
                </form>
            </div>
        </details>
    }
}

/// The first letters of the first two words.
fn initials(name: &str) -> String {
    name.split_whitespace()
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_matching_item_is_current() {
        let nav = vec![NavGroup {
            title: None,
            items: vec![
                NavItem::new("Overview", "/studio"),
                NavItem::new("Assets", "/studio/assets"),
            ],
        }];
        assert_eq!(current_href(&nav, "/studio/assets/01J").as_deref(), Some("/studio/assets"));
        assert_eq!(current_href(&nav, "/studio").as_deref(), Some("/studio"));
        assert_eq!(current_href(&nav, "/studios"), None);
    }

    #[test]
    fn initials_are_two_capitals() {
        assert_eq!(initials("Hollow fen press"), "HF");
        assert_eq!(initials("éditions"), "É");
    }
}
