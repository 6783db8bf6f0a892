use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::peer::{Running, Scratch, free_port, program};
use crate::relay::Relay;

/// An etcd of three members, whom clients and one another reach through relays.
pub(crate) struct Members {
    pub(crate) members: Vec<Member>,
    program: PathBuf,
    folder: Scratch,
}

pub(crate) struct Member {
    name: String,
    client_port: u16,
    peer_port: u16,
    pub(crate) to_clients: Relay,
    pub(crate) to_peers: Relay,
    process: Option<Running>,
}

impl Members {
    pub(crate) async fn start() -> Option<Self> {
        let program = program("etcd")?;
        let mut members = Vec::new();
        for n in 0..3 {
            let (client_port, peer_port) = (free_port(), free_port());
            let (to_clients, to_peers) = (Relay::to(client_port).await, Relay::to(peer_port).await);
            let name = format!("m{n}");
            members.push(Member { name, client_port, peer_port, to_clients, to_peers, process: None });
        }
        let mut all = Self { members, program, folder: Scratch::new() };
        (0..3).for_each(|n| all.run(n));
        Some(all)
    }

    /// Where clients find them.
    pub(crate) fn endpoints(&self) -> Vec<String> {
        self.members.iter().map(|member| format!("http://127.0.0.1:{}", member.to_clients.port)).collect()
    }

    /// Starts a member, anew or again.
    pub(crate) fn run(&mut self, n: usize) {
        let peers = |member: &Member| format!("{}=http://127.0.0.1:{}", member.name, member.to_peers.port);
        let cluster = self.members.iter().map(peers).collect::<Vec<_>>().join(",");
        let member = &mut self.members[n];
        let client_url = format!("http://127.0.0.1:{}", member.client_port);
        let process = Command::new(&self.program)
            .args(["--name", &member.name, "--log-level", "error"])
            .args(["--listen-client-urls", &client_url, "--advertise-client-urls", &client_url])
            .args(["--listen-peer-urls", &format!("http://127.0.0.1:{}", member.peer_port)])
            .args(["--initial-advertise-peer-urls", &format!("http://127.0.0.1:{}", member.to_peers.port)])
            .args(["--initial-cluster", &cluster])
            .arg("--data-dir")
            .arg(self.folder.0.join(&member.name))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        member.process = Some(Running(process));
    }

    /// As `kill -9` does it.
    pub(crate) fn kill(&mut self, n: usize) {
        self.members[n].process = None;
    }

    /// Parts a member from the others, or lets them meet again. Clients reach all of them.
    pub(crate) fn part(&self, n: usize, apart: bool) {
        for (other, member) in self.members.iter().enumerate() {
            if other != n && apart {
                member.to_peers.cut_off(self.process(n));
            } else {
                member.to_peers.cut(apart);
            }
        }
    }

    fn process(&self, n: usize) -> u32 {
        self.members[n].process.as_ref().unwrap().0.id()
    }

    pub(crate) fn signal(&self, n: usize, signal: &str) {
        let process = self.process(n).to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }
}
