// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/registry.hpp"
#include "graph/engine.hpp"
#include "vnet/device/rx_queue.hpp"
#include "vnet/ethernet/ether_types.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace vnet {
class Router;
}

/// What a plugin is handed, and what it exports.
namespace vnet::plugin {

/// One plugin's way into the router: everything that it registers, it registers here, so that all
/// of it is known to be its own and can be taken back. Made by the plugin host; lives as long as
/// the plugin. Control thread.
///
/// A plugin defines, in the namespace of its own name, `absl::Status
/// register_plugin(vnet::plugin::Registry&)`. It registers nodes, features, methods there and keeps
/// nothing in globals: objects that must live on go to keep(). An error, its sentence shown to the
/// operator, takes everything back.
class Registry {
public:
    Registry(Router& router, api::Registry& api, std::string name);
    /// retire() must have run.
    ~Registry();
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    /// The plugin's name, which owns all that is registered.
    const std::string& name() const noexcept { return name_; }
    Router& router() noexcept { return router_; }
    graph::Engine& engine() noexcept { return engine_; }
    interface::Table& interfaces() noexcept {
        return interfaces_;
    }

    // ---- the graph; effective when the host commits it, behind register_plugin() ----

    template <graph::AnyNode Node>
    absl::StatusOr<graph::NodeId> add_node(std::shared_ptr<const Node> node) {
        return engine_.graph().add<Node>(std::move(node), name_);
    }
    /// A node whose packets come from graph::Source objects. They go to the arc "device-input" and,
    /// where no feature is on, to "ethernet-input". NOT_FOUND where the router has no such arc.
    absl::StatusOr<device::InputPath> add_input(const std::string& node,
                                                std::vector<graph::NodeSpec::Drop> drops = {});
    /// States that a node may send packets to another that it knows by id only.
    void link(const std::string& from, const std::string& to) { engine_.graph().link(from, to); }
    /// Puts a node of the plugin on an arc; it is off for every interface until
    /// Graph::set_feature() turns it on.
    absl::Status add_feature(const std::string& arc, graph::FeatureSpec feature) {
        return engine_.graph().add_feature(arc, std::move(feature));
    }
    absl::StatusOr<graph::ArcId> add_arc(graph::ArcSpec spec);
    /// The id of an arc that is there. NOT_FOUND names what there is.
    absl::StatusOr<graph::ArcId> find_arc(std::string_view name) const;
    /// The plugin's own bytes in every packet.
    template <class T>
    absl::StatusOr<graph::Slot<T>> add_slot(const std::string& slot) {
        return engine_.slots().place<T>(name_ + "/" + slot);
    }

    /// Sends frames of a type that "ethernet-input" takes in to a node, until the plugin goes.
    /// ALREADY_EXISTS names who has the type.
    absl::Status add_ether_type(wire::EtherType type, const std::string& node,
                                ethernet::Destination destination = ethernet::Destination::ours);

    // ---- tunnels ----

    /// Sends what comes to the router in packets of a protocol, or to a UDP port, to a node that
    /// takes packets out of tunnels, until the plugin goes: of IPv4 or IPv6, as `Family` says.
    /// ALREADY_EXISTS names who has it.
    template <class Family>
    absl::Status take_out(wire::IpProtocol protocol, graph::NodeId node);
    template <class Family>
    absl::Status take_out(uint16_t udp_port, graph::NodeId node);
    /// A node that puts packets into tunnels: it sends them the way that a tunnel follows.
    void put_in(const std::string& node);

    // ---- interfaces ----

    /// A kind of interface: Device::kind() of its devices, and the node that transmits for them.
    /// Its interfaces are deleted before the plugin goes.
    absl::Status add_interface_kind(const std::string& kind, const std::string& tx_node);
    /// Calls back after every change of any interface (before it, for `removing`) while the plugin
    /// lives.
    void observe_interfaces(
        std::function<void(const interface::Interface&, interface::Change)> observer);

    // ---- the API; see api::Registry ----

    template <class Request, class Reply>
    absl::Status add_unary(std::string_view method,
                           std::function<absl::StatusOr<Reply>(const Request&)> handler) {
        return mine(method, api_.add_unary<Request, Reply>(method, std::move(handler)));
    }
    template <class Request, class Item>
    absl::Status add_list(
        std::string_view method,
        std::function<absl::StatusOr<api::ItemSource<Item>>(const Request&)> handler) {
        return mine(method, api_.add_list<Request, Item>(method, std::move(handler)));
    }
    template <class Request, class Item>
    absl::Status add_search(
        std::string_view method,
        std::function<absl::StatusOr<api::SearchSource<Item>>(const Request&)> handler) {
        return mine(method, api_.add_search<Request, Item>(method, std::move(handler)));
    }
    template <class Batch, class Reply, class Factory>
    absl::Status add_sink(std::string_view method, Factory factory) {
        return mine(method, api_.add_sink<Batch, Reply>(method, std::move(factory)));
    }
    template <class Request, class Event>
    absl::Status add_watch(
        std::string_view method,
        std::function<absl::Status(const Request&, api::Watcher<Event>)> handler) {
        return mine(method, api_.add_watch<Request, Event>(method, std::move(handler)));
    }
    template <class Request, class Item>
    absl::Status add_feed(std::string_view method,
                          std::function<absl::StatusOr<std::shared_ptr<api::Feed<Item>>>(
                              const Request&, std::shared_ptr<api::FeedChannel>)>
                              handler) {
        return mine(method, api_.add_feed<Request, Item>(method, std::move(handler)));
    }
    template <class Request, class Reply>
    absl::Status add_dialog(std::string_view method,
                            std::function<absl::StatusOr<Reply>(const Request&)> handler) {
        return mine(method, api_.add_dialog<Request, Reply>(method, std::move(handler)));
    }

    // ---- configuration ----

    /// Who writes the plugin's part of the running configuration, for as long as the plugin lives.
    void add_config(api::config::Writer writer) { api_.config().add(name_, std::move(writer)); }

    // ---- metrics ----

    /// A family of the metrics page, collected by `collector` on the control thread for as long as
    /// the plugin lives; its name begins with "sluice_". See api::metrics::Collectors::add().
    absl::Status add_metrics(api::metrics::Family family, api::metrics::Collector collector) {
        return api_.metrics().add(name_, std::move(family), std::move(collector));
    }

    // ---- state ----

    /// Holds an object for as long as the plugin lives. The last kept goes first; when it goes, no
    /// worker runs the plugin's nodes, its methods are not called, its interfaces are gone, and the
    /// router is still there.
    void keep(std::shared_ptr<void> object) { kept_.push_back(std::move(object)); }

    // ---- for the host ----

    /// Takes back methods, metrics, interfaces, observers, nodes and arcs. The host then commits
    /// the graph and calls release().
    void retire();
    /// Lets go of what keep() holds.
    void release();

private:
    template <class Family>
    void link_decap(graph::NodeId node);
    absl::Status mine(std::string_view method, absl::Status status);

    Router& router_;
    graph::Engine& engine_;
    interface::Table& interfaces_;
    api::Registry& api_;
    const std::string name_;
    std::set<std::string> services_;
    std::set<std::string, std::less<>> kinds_;
    std::set<wire::EtherType> ether_types_;
    /// What gives tunnels' protocols and ports back.
    std::vector<std::function<void()>> taken_out_;
    /// Held here; the interface table, which forgets no observer, only knows them weakly.
    std::vector<
        std::shared_ptr<std::function<void(const interface::Interface&, interface::Change)>>>
        observers_;
    std::vector<std::shared_ptr<void>> kept_;
};

/// The one symbol that a plugin's object exports; sluice_plugin() in CMake writes it around
/// register_plugin().
inline constexpr const char* entry_symbol = "sluice_plugin_register";
using Entry = void(Registry& registry, absl::Status& status);

}  // namespace vnet::plugin
