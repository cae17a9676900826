// SPDX-License-Identifier: Apache-2.0
#include "plugins/vlan/service.hpp"

#include <fmt/format.h>

#include "plugins/vlan/vlan.pb.h"

namespace vlan {

namespace {

namespace proto = sluice::vlan;

absl::StatusOr<std::optional<Tag>> tag_of(const proto::AddVlanRequest& request) {
    if (request.type() != proto::TAG_TYPE_DOT1Q && request.type() != proto::TAG_TYPE_DOT1AD) {
        return absl::InvalidArgumentError(
            fmt::format("{} is not a kind of tag; it is dot1q or dot1ad", int(request.type())));
    }
    if (!request.has_id()) {
        if (request.has_type()) {
            return absl::InvalidArgumentError(
                "a kind of tag needs a VLAN; give an id as well, or neither");
        }
        return std::nullopt;
    }
    return make_tag(request.type() == proto::TAG_TYPE_DOT1AD ? EtherType::qinq : EtherType::vlan,
                    request.id());
}

template <class Message>
void describe(const Tag& tag, Message& message) {
    message.set_id(tag.id);
    if (tag.type == EtherType::qinq) {
        message.set_type(proto::TAG_TYPE_DOT1AD);
    }
}

absl::StatusOr<sluice::Empty> add(Interfaces& interfaces, const proto::AddVlanRequest& request) {
    const auto tag = tag_of(request);
    if (!tag.ok()) {
        return tag.status();
    }
    if (absl::Status status = interfaces.add(request.name(), request.parent(), *tag);
        !status.ok()) {
        return status;
    }
    return sluice::Empty();
}

/// The messages of all VLANs, of a type that has the fields of proto::Vlan.
template <class Message>
std::vector<Message> messages(const Interfaces& interfaces, const vnet::interface::Table& table) {
    std::vector<Message> all;
    for (const Interfaces::Vlan& vlan : interfaces.all()) {
        Message& message = all.emplace_back();
        message.set_name(table.name_of(vlan.index));
        message.set_parent(table.name_of(vlan.parent));
        if (vlan.tag) {
            describe(*vlan.tag, message);
        }
    }
    return all;
}

}  // namespace

absl::Status register_service(vnet::plugin::Registry& registry, Interfaces& interfaces) {
    auto& table = registry.interfaces();
    registry.add_config([&table, &interfaces](const api::config::Emit& emit) {
        for (const auto& request : messages<proto::AddVlanRequest>(interfaces, table)) {
            emit("sluice.vlan.Vlans.Add", request);
        }
    });
    if (auto status = registry.add_unary<proto::AddVlanRequest, sluice::Empty>(
            "sluice.vlan.Vlans.Add",
            [&interfaces](const auto& request) { return add(interfaces, request); });
        !status.ok()) {
        return status;
    }
    return registry.add_list<proto::ListVlansRequest, proto::Vlan>(
        "sluice.vlan.Vlans.List",
        [&table, &interfaces](const auto&) -> absl::StatusOr<api::ItemSource<proto::Vlan>> {
            return api::items(messages<proto::Vlan>(interfaces, table));
        });
}

}  // namespace vlan
