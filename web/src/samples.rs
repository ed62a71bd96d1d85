//! Every page with invented data: for the snapshots, the pictures, and the tests in a real browser.

mod strain;

use crate::{
    Html, account, chat::ChatPage, clear, info::InfoPage, launch::LaunchPage, network, people,
    reference::ReferencePage, search::SearchPage, settings::SettingsPage, setup, shell::ChatsPage,
    switch::SwitchPage, trouble::TroublePage, unlock::UnlockPage,
};

/// Name and HTML of each sample, in the order of their names.
pub fn all() -> Vec<(&'static str, String)> {
    fn many<T: Html>(samples: Vec<(&'static str, T)>) -> impl Iterator<Item = (&'static str, String)> {
        samples.into_iter().map(|(name, sample)| (name, sample.html()))
    }
    let mut all = vec![
        ("setup_welcome", setup::WelcomePage::sample().html()),
        ("setup_confirm", setup::ConfirmPage::sample().html()),
        ("reference", ReferencePage::sample().html()),
        ("trouble", TroublePage::sample().html()),
    ];
    all.extend(many(LaunchPage::samples()));
    all.extend(many(setup::DirectoryPage::samples()));
    all.extend(many(setup::AccountPage::samples()));
    all.extend(many(setup::ResetPage::samples()));
    all.extend(many(setup::RecoveryPage::samples()));
    all.extend(many(setup::VisibilityPage::samples()));
    all.extend(many(setup::RestorePage::samples()));
    all.extend(many(account::PassphrasePage::samples()));
    all.extend(many(account::SignOutPage::samples()));
    all.extend(many(account::DeletePage::samples()));
    all.extend(many(account::BackupPage::samples()));
    all.extend(many(clear::ClearPage::samples()));
    all.extend(many(UnlockPage::samples()));
    all.extend(many(ChatsPage::samples()));
    all.extend(many(ChatPage::samples()));
    all.extend(many(InfoPage::samples()));
    all.extend(many(people::PeoplePage::samples()));
    all.extend(many(people::ConnectPage::samples()));
    all.extend(many(network::NetworkPage::samples()));
    all.extend(many(network::DoctorPage::samples()));
    all.extend(many(SearchPage::samples()));
    all.extend(many(SwitchPage::samples()));
    all.extend(many(SettingsPage::samples()));
    all.extend(strain::unusual_texts());
    all.sort_by_key(|(name, _)| *name);
    all
}

/// Name and HTML of pages with wide names, and with two hundred people, messages or hits. They are for browsers; what
/// they show is in the others.
pub fn strained() -> Vec<(&'static str, String)> {
    let mut all = strain::wide_names();
    all.extend(strain::full_pages());
    all
}
