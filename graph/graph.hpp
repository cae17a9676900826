// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graph/driver.hpp"
#include "graph/node.hpp"
#include "graph/runtime.hpp"

namespace graph {

/// An arc as it is declared: an ordered place where features may look at packets of an interface.
struct ArcSpec {
    std::string name;
    ArcSide side = ArcSide::rx;
    /// The nodes that call Dispatch::start_arc() for it.
    std::vector<std::string> starts;
    /// The node behind the last feature.
    std::string end;
    /// Who brought it: "core" or the plugin's name.
    std::string owner = "core";
};

/// A node's wish to stand on an arc.
struct FeatureSpec {
    std::string node;
    std::vector<std::string> before;
    std::vector<std::string> after;
    /// It comes before all features that say nothing of it: it tells what others build on.
    bool early = false;
};

/// A named drop reason with its node.
struct DropInfo {
    NodeId node;
    std::string name;
    std::string meaning;
};

/// The graph of nodes as control keeps it: what is registered, what may follow what, which features
/// stand on which arc and for which interface they are on. Workers never see it; they run the
/// GraphVersion that build() makes of it. Control thread only.
class Graph {
public:
    Graph();
    /// For tests: another node in the place of "drop".
    explicit Graph(NodeSpec drop);

    /// Registers a node object. ALREADY_EXISTS for a name that is taken, RESOURCE_EXHAUSTED past
    /// the bounds of limits.hpp.
    template <AnyNode Node>
    absl::StatusOr<NodeId> add(std::shared_ptr<const Node> node,
                               const std::string& owner = "core") {
        const Node& self = *node;
        return add(describe(self, owner), std::move(node));
    }
    absl::StatusOr<NodeId> add(NodeSpec spec, std::shared_ptr<const void> object = nullptr);
    /// States that a node may send packets to another by id (an adjacency's or interface's node).
    /// build() refuses an unknown `to` and warns of an unknown `from`.
    void link(const std::string& from, const std::string& to);

    /// Gives a node words about traced packets that need more than the node itself knows.
    /// NOT_FOUND for an unknown name.
    absl::Status set_format(const std::string& node,
                            std::function<TraceFields(const TraceStep&)> format);

    absl::StatusOr<ArcId> add_arc(ArcSpec spec);
    absl::Status add_feature(const std::string& arc, FeatureSpec feature);
    /// Turns a feature on or off for an interface. Effective at once once the graph is built and
    /// adopted. NOT_FOUND names what the arc has.
    absl::Status set_feature(const std::string& arc, const std::string& node, uint32_t interface,
                             bool on);
    bool has_feature(const std::string& arc, const std::string& node, uint32_t interface) const;
    /// Turns all features of an interface off: it is about to go.
    void forget_interface(uint32_t interface);

    /// Takes out all that an owner registered: nodes, links to them, features, arcs. Node ids are
    /// not used again; an arc that comes back under its name has its id again. Node objects live on
    /// until no worker runs them. What others still lead to one of these nodes is not an error from
    /// here on: it is dropped as "node-removed", and build() warns. What others say of these names
    /// in before and after goes on holding among themselves.
    void remove_owner(const std::string& owner);

    /// Checks everything and makes a version. An unknown next node, an ordering circle or an order
    /// left open by one owner are errors that name the nodes; a node that no input reaches and an
    /// order left open between owners are warnings. After an error the version before stands, and
    /// what was registered since must be corrected or removed (remove_owner) before the next.
    absl::StatusOr<std::shared_ptr<const GraphVersion>> build(
        std::vector<std::string>* warnings = nullptr);

    // ---- for those who show it ----
    struct Node {
        NodeSpec spec;
        NodeId id = no_node;
        DropId first_drop = 0;
        bool present = false;
        std::shared_ptr<const void> object;
        std::set<std::string> links;
    };
    struct Feature {
        FeatureSpec spec;
        std::string owner;
        std::set<uint32_t> interfaces;
    };
    struct Arc {
        ArcSpec spec;
        bool present = true;
        std::vector<Feature> features;
        /// As of the last build(): node names, in their order, and what workers run of it.
        std::vector<std::string> order;
        std::shared_ptr<ArcRuntime> runtime;
    };
    const std::vector<Node>& nodes() const noexcept { return nodes_; }
    const std::vector<Arc>& arcs() const noexcept { return arcs_; }
    const std::vector<DropInfo>& drops() const noexcept { return drops_; }
    /// no_node for an unknown name.
    NodeId find(std::string_view name) const noexcept;
    const std::string& name_of(NodeId id) const noexcept { return nodes_[id].spec.name; }
    /// Edges declared, linked and made by arcs, as of the last build().
    const std::map<NodeId, std::set<NodeId>>& successors() const noexcept { return successors_; }

private:
    using Successors = std::map<NodeId, std::set<NodeId>>;
    /// Node names of each arc's features, in their order.
    using Orders = std::vector<std::vector<std::string>>;

    absl::StatusOr<Orders> order_arcs(std::vector<std::string>& warnings) const;
    absl::StatusOr<Successors> connect(const Orders& orders,
                                       std::vector<std::string>& warnings) const;
    absl::StatusOr<NodeId> resolve(const std::string& name, const std::string& who,
                                   std::vector<std::string>& warnings) const;
    std::vector<NodeId> rank(const Successors& successors,
                             std::vector<std::string>& warnings) const;
    GraphVersion::Node make_node(const Node& node, const std::map<NodeId, Rank>& ranks,
                                 const Orders& orders) const;
    std::shared_ptr<ArcRuntime> make_arc(const Arc& arc,
                                         const std::vector<std::string>& order) const;
    bool was_removed(const std::string& name) const;
    Arc* find_arc(const std::string& name);
    absl::Status no_arc(const std::string& wanted, const std::string& by_whom) const;

    std::vector<Node> nodes_;
    std::map<std::string, NodeId, std::less<>> by_name_;
    /// Links whose first node is not there (yet).
    std::set<std::pair<std::string, std::string>> loose_links_;
    std::vector<Arc> arcs_;
    std::vector<DropInfo> drops_;
    std::map<NodeId, std::set<NodeId>> successors_;
    std::shared_ptr<const GraphVersion> built_;
    /// For arc ids that are not in use.
    std::shared_ptr<ArcRuntime> no_arc_ = std::make_shared<ArcRuntime>();
};

}  // namespace graph
