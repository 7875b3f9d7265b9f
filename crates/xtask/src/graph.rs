//! The dependency graph as cargo resolved it, for this machine, with the features that we build.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// One package of the graph.
pub struct Package {
    /// Its name.
    pub name: String,
    /// Whether it is ours.
    pub ours: bool,
    /// Ids of what it needs to be built and run (not of what only its tests need).
    pub needs: BTreeSet<String>,
}

/// Every package by its id.
pub struct Graph {
    packages: BTreeMap<String, Package>,
}

impl Graph {
    /// Asks cargo.
    pub fn load(root: &Path) -> Result<Graph, String> {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let output = Command::new(cargo)
            .args([
                "metadata",
                "--format-version",
                "1",
                "--locked",
                "--filter-platform",
                "x86_64-unknown-linux-gnu",
            ])
            .current_dir(root)
            .output()
            .map_err(|error| format!("cargo metadata did not start: {error}"))?;
        if !output.status.success() {
            return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo metadata is not JSON: {error}"))?;
        Ok(Graph::from_metadata(&metadata))
    }

    fn from_metadata(metadata: &Value) -> Graph {
        let members: BTreeSet<&str> =
            list(metadata.get("workspace_members")).filter_map(Value::as_str).collect();
        let mut packages: BTreeMap<String, Package> = list(metadata.get("packages"))
            .map(|package| {
                let id = text(package.get("id"));
                let one = Package {
                    name: text(package.get("name")),
                    ours: members.contains(id.as_str()),
                    needs: BTreeSet::new(),
                };
                (id, one)
            })
            .collect();
        for node in list(metadata.get("resolve").and_then(|resolve| resolve.get("nodes"))) {
            if let Some(package) = packages.get_mut(&text(node.get("id"))) {
                package.needs = list(node.get("deps"))
                    .filter(|dep| !is_for_tests_only(dep))
                    .map(|dep| text(dep.get("pkg")))
                    .collect();
            }
        }
        Graph { packages }
    }

    /// Our own packages, by name.
    pub fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.ours)
    }

    /// The package behind an id.
    pub fn get(&self, id: &str) -> Option<&Package> {
        self.packages.get(id)
    }

    /// Everything that a package of ours reaches at any depth, itself left out.
    pub fn reached_from(&self, name: &str) -> BTreeSet<&str> {
        let mut open: Vec<&Package> = self.ours().filter(|package| package.name == name).collect();
        let mut seen = BTreeSet::new();
        while let Some(package) = open.pop() {
            for need in &package.needs {
                if seen.insert(need.as_str()) {
                    open.extend(self.get(need));
                }
            }
        }
        seen
    }

    /// Names of everything that a package of ours reaches.
    pub fn names_reached_from(&self, name: &str) -> BTreeSet<&str> {
        self.reached_from(name).into_iter().filter_map(|id| self.get(id)).map(|p| p.name.as_str()).collect()
    }
}

fn is_for_tests_only(dep: &Value) -> bool {
    let kinds: Vec<&Value> = list(dep.get("dep_kinds")).collect();
    !kinds.is_empty() && kinds.iter().all(|kind| kind.get("kind").and_then(Value::as_str) == Some("dev"))
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}
