// SPDX-License-Identifier: Apache-2.0
#include "vnet/plugin/registry.hpp"

#include <fmt/format.h>

#include "vnet/router.hpp"

namespace vnet::plugin {

Registry::Registry(Router& router, api::Registry& api, std::string name)
    : router_(router),
      engine_(router.engine()),
      interfaces_(router.interfaces()),
      api_(api),
      name_(std::move(name)) {}

Registry::~Registry() {
    release();
}

absl::StatusOr<device::InputPath> Registry::add_input(const std::string& node,
                                                      std::vector<graph::NodeSpec::Drop> drops) {
    device::InputPath path;
    const auto arc = find_arc("device-input");
    if (!arc.ok()) {
        return arc.status();
    }
    path.arc = *arc;
    path.next = engine_.graph().find("ethernet-input");
    if (path.next == graph::no_node) {
        return absl::NotFoundError(
            fmt::format("input '{}' leads to 'ethernet-input', and no node has that name", node));
    }
    graph::NodeSpec spec;
    spec.name = node;
    spec.kind = graph::NodeKind::input;
    spec.edges = {"ethernet-input"};
    spec.drops = std::move(drops);
    spec.owner = name_;
    const auto id = engine_.graph().add(std::move(spec));
    if (!id.ok()) {
        return id.status();
    }
    path.input = *id;
    return path;
}

absl::StatusOr<graph::ArcId> Registry::add_arc(graph::ArcSpec spec) {
    spec.owner = name_;
    return engine_.graph().add_arc(std::move(spec));
}

absl::StatusOr<graph::ArcId> Registry::find_arc(std::string_view name) const {
    const auto& arcs = engine_.graph().arcs();
    std::string names;
    for (size_t id = 0; id < arcs.size(); ++id) {
        if (!arcs[id].present) {
            continue;
        }
        if (arcs[id].spec.name == name) {
            return graph::ArcId(id);
        }
        names += (names.empty() ? "" : ", ") + arcs[id].spec.name;
    }
    return absl::NotFoundError(
        fmt::format("plugin '{}' asks for arc '{}', which is not there; arcs are: {}", name_, name,
                    names.empty() ? "none" : names));
}

absl::Status Registry::add_ether_type(wire::EtherType type, const std::string& node,
                                      ethernet::Destination destination) {
    absl::Status status = router_.ether_types().add(type, node, destination);
    if (status.ok()) {
        ether_types_.insert(type);
    }
    return status;
}

template <class Family>
absl::Status Registry::take_out(wire::IpProtocol protocol, graph::NodeId node) {
    tunnel::Decaps& decaps = router_.tunnels().of<Family>().decaps;
    absl::Status status = decaps.take_protocol(protocol, node);
    if (status.ok()) {
        taken_out_.push_back([&decaps, protocol] { decaps.leave_protocol(protocol); });
        link_decap<Family>(node);
    }
    return status;
}

template <class Family>
absl::Status Registry::take_out(uint16_t udp_port, graph::NodeId node) {
    tunnel::Decaps& decaps = router_.tunnels().of<Family>().decaps;
    absl::Status status = decaps.take_udp_port(udp_port, node);
    if (status.ok()) {
        taken_out_.push_back([&decaps, udp_port] { decaps.leave_udp_port(udp_port); });
        link_decap<Family>(node);
    }
    return status;
}

template <class Family>
void Registry::link_decap(graph::NodeId node) {
    const std::string name = engine_.graph().name_of(node);
    link(tunnel::Names<Family>::input, name);
    link(tunnel::Names<Family>::deliver, name);
}

template absl::Status Registry::take_out<ip4::Family>(wire::IpProtocol, graph::NodeId);
template absl::Status Registry::take_out<ip6::Family>(wire::IpProtocol, graph::NodeId);
template absl::Status Registry::take_out<ip4::Family>(uint16_t, graph::NodeId);
template absl::Status Registry::take_out<ip6::Family>(uint16_t, graph::NodeId);

void Registry::put_in(const std::string& node) {
    link(node, "interface-output");
    for (const std::string family : {"ip4-", "ip6-"}) {
        for (const char* next :
             {"rewrite", "resolve", "load-balance", "lookup-vrf", "unreachable"}) {
            link(node, family + next);
        }
    }
}

absl::Status Registry::add_interface_kind(const std::string& kind, const std::string& tx_node) {
    if (engine_.graph().find(tx_node) == graph::no_node) {
        return absl::NotFoundError(
            fmt::format("interfaces of kind '{}' transmit by node '{}', which is not there; add "
                        "the node first",
                        kind, tx_node));
    }
    for (const char* from : {"interface-output", "interface-tx"}) {
        link(from, tx_node);
    }
    kinds_.insert(kind);
    return absl::OkStatus();
}

void Registry::observe_interfaces(
    std::function<void(const interface::Interface&, interface::Change)> observer) {
    using Observer = std::function<void(const interface::Interface&, interface::Change)>;
    observers_.push_back(std::make_shared<Observer>(std::move(observer)));
    interfaces_.observe([weak = std::weak_ptr<Observer>(observers_.back())](
                            const interface::Interface& interface, interface::Change change) {
        if (const auto alive = weak.lock()) {
            (*alive)(interface, change);
        }
    });
}

absl::Status Registry::mine(std::string_view method, absl::Status status) {
    if (status.ok()) {
        services_.emplace(method.substr(0, method.rfind('.')));
    }
    return status;
}

void Registry::retire() {
    for (const std::string& service : services_) {
        api_.remove_service(service);
    }
    services_.clear();
    api_.metrics().remove_owner(name_);
    api_.config().remove_owner(name_);
    std::vector<std::string> interfaces;
    for (const auto& [index, interface] : interfaces_.all()) {
        if (kinds_.contains(interface.device->kind())) {
            interfaces.push_back(interface.name);
        }
    }
    for (const std::string& interface : interfaces) {
        (void)interfaces_.remove(interface);
    }
    for (const wire::EtherType type : ether_types_) {
        router_.ether_types().remove(type);
    }
    ether_types_.clear();
    for (const auto& give_back : taken_out_) {
        give_back();
    }
    taken_out_.clear();
    observers_.clear();
    engine_.graph().remove_owner(name_);
}

void Registry::release() {
    while (!kept_.empty()) {
        kept_.pop_back();
    }
}

}  // namespace vnet::plugin
