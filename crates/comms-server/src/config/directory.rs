//! Where leads, clients and contracts are looked up.

use comms_core::history;
use serde::Deserialize;

/// The tables of the business that are read to find whose a message is. Without them the caller's ids are trusted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectorySettings {
    /// The leads (S0: `leaks`).
    pub leads: Option<DirectoryTable>,
    /// The clients (S0: `clientes`).
    pub clients: Option<DirectoryTable>,
    /// The contracts (S0: `contratos`).
    pub contracts: Option<DirectoryTable>,
}

/// One of those tables and its columns.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryTable {
    /// The table.
    pub table: String,
    /// Its key.
    #[serde(default = "id")]
    pub id: String,
    /// The column with the phone number.
    pub phone: Option<String>,
    /// The column with the e-mail address.
    pub email: Option<String>,
    /// The column with the user whom it is assigned to.
    pub owner: Option<String>,
}

impl DirectorySettings {
    /// The same for the repository; `region` is the country of numbers written without country code.
    pub(super) fn repository(&self, region: Option<&str>) -> history::DirectorySettings {
        let table = |table: &Option<DirectoryTable>| table.clone().map(Into::into);
        history::DirectorySettings {
            leads: table(&self.leads),
            clients: table(&self.clients),
            contracts: table(&self.contracts),
            region: region.map(str::to_owned),
        }
    }
}

impl From<DirectoryTable> for history::DirectoryTable {
    fn from(table: DirectoryTable) -> Self {
        Self { table: table.table, id: table.id, phone: table.phone, email: table.email, owner: table.owner }
    }
}

fn id() -> String {
    "id".to_owned()
}
