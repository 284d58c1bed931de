//! A group as a drawing: shared things on the left, machines in the middle, people on the right.
//!
//! Always: the same group gives the same drawing; every line leads to the words that explain it, which stand below the
//! drawing for those who see no drawing.

use std::collections::BTreeMap;

/// Most machines and things that are drawn; the list below has all.
const MAX_HOSTS: usize = 24;
const MAX_THINGS: usize = 12;
/// Room of one row, in the drawing's own units.
const ROW: usize = 34;
const TOP: usize = 24;
const THING_X: usize = 190;
const HOST_X: usize = 430;
const PERSON_X: usize = 640;

/// A thing that several machines share.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    /// Its number in the list of edges, from 1.
    pub(super) number: usize,
    /// What it is.
    pub(super) label: String,
    /// Its class: `line`, `kvm`, `desk`, `account`, `other`.
    pub(super) class: &'static str,
    /// Whether it belongs to what explains the group.
    pub(super) explains: bool,
    pub(super) y: usize,
}

/// A machine.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) device: String,
    pub(super) label: String,
    pub(super) y: usize,
}

/// A person.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) label: String,
    pub(super) y: usize,
}

/// A line between two of them.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The edge it belongs to; 0 for whose a machine is.
    pub(super) number: usize,
    pub(super) class: &'static str,
    pub(super) title: String,
    pub(super) explains: bool,
    pub(super) from: (usize, usize),
    pub(super) to: (usize, usize),
}

/// A drawing.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) height: usize,
    pub(super) things: Vec<Thing>,
    pub(super) hosts: Vec<Node>,
    pub(super) people: Vec<Person>,
    pub(super) lines: Vec<Line>,
    /// How many machines and things are left out.
    pub(super) left_out: usize,
}

/// What is to be drawn of an edge.
pub(super) struct Drawn<'a> {
    pub(super) label: String,
    pub(super) title: String,
    pub(super) class: &'static str,
    pub(super) explains: bool,
    pub(super) hosts: &'a [String],
}

fn spread(count: usize, height: usize) -> impl Fn(usize) -> usize {
    let room = height.saturating_sub(2 * TOP);
    move |place| TOP + (room * (2 * place + 1)) / (2 * count.max(1))
}

/// Draws. `hosts` are ids with host names, in order; `workers` says whose each is.
pub(super) fn draw(
    hosts: &[(String, String)],
    workers: &BTreeMap<String, String>,
    edges: &[Drawn<'_>],
) -> Graph {
    let shown: Vec<&(String, String)> = hosts.iter().take(MAX_HOSTS).collect();
    let rows = shown.len().max(edges.len().min(MAX_THINGS)).max(2);
    let height = 2 * TOP + rows * ROW;
    let place = spread(shown.len(), height);
    let mut graph = Graph { height, ..Graph::default() };
    let mut at: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, (device, label)) in shown.iter().copied().enumerate() {
        at.insert(device, place(number));
        graph.hosts.push(Node { device: device.clone(), label: label.clone(), y: place(number) });
    }
    let drawn = edges.len().min(MAX_THINGS);
    let thing_place = spread(drawn, height);
    for (number, edge) in edges.iter().take(drawn).enumerate() {
        let y = thing_place(number);
        graph.things.push(Thing {
            number: number + 1,
            label: edge.label.clone(),
            class: edge.class,
            explains: edge.explains,
            y,
        });
        for host in edge.hosts.iter().filter_map(|host| at.get(host.as_str())) {
            graph.lines.push(Line {
                number: number + 1,
                class: edge.class,
                title: edge.title.clone(),
                explains: edge.explains,
                from: (THING_X, y),
                to: (HOST_X - 8, *host),
            });
        }
    }
    people(&mut graph, workers, &at, height);
    graph.left_out = hosts.len() - shown.len() + edges.len() - drawn;
    graph
}

fn people(graph: &mut Graph, workers: &BTreeMap<String, String>, at: &BTreeMap<&str, usize>, height: usize) {
    let mut known: Vec<&str> = Vec::new();
    for node in &graph.hosts {
        // A machine of which nobody is known stands for its worker itself.
        if let Some(worker) = workers.get(&node.device).filter(|worker| **worker != node.device)
            && !known.contains(&worker.as_str())
        {
            known.push(worker);
        }
    }
    let place = spread(known.len(), height);
    for (number, worker) in known.iter().enumerate() {
        let y = place(number);
        graph.people.push(Person { label: (*worker).to_owned(), y });
        for node in
            graph.hosts.iter().filter(|node| workers.get(&node.device).is_some_and(|one| one == worker))
        {
            if let Some(host) = at.get(node.device.as_str()) {
                graph.lines.push(Line {
                    number: 0,
                    class: "person",
                    title: "whose machine it is".to_owned(),
                    explains: false,
                    from: (HOST_X + 150, *host),
                    to: (PERSON_X - 8, y),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_the_same_every_time_and_bounded() {
        let hosts: Vec<_> = (0..40).map(|n| (format!("dev_{n:02}"), format!("host-{n}"))).collect();
        let ids: Vec<String> = hosts.iter().map(|(id, _)| id.clone()).collect();
        let edge = || Drawn {
            label: "gateway".into(),
            title: "t".into(),
            class: "line",
            explains: true,
            hosts: &ids,
        };
        let workers = BTreeMap::from([("dev_00".to_owned(), "per_1".to_owned())]);
        let edges: Vec<_> = (0..20).map(|_| edge()).collect();
        let graph = draw(&hosts, &workers, &edges);
        assert_eq!((graph.hosts.len(), graph.things.len(), graph.people.len()), (24, 12, 1));
        assert_eq!(graph.left_out, 16 + 8);
        assert!(graph.hosts.iter().all(|host| host.y > 0 && host.y < graph.height));
        let again = draw(&hosts, &workers, &edges);
        assert_eq!(format!("{graph:?}"), format!("{again:?}"));
    }
}
