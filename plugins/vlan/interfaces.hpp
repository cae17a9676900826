// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "plugins/vlan/output.hpp"
#include "plugins/vlan/tags.hpp"
#include "vnet/interface/table.hpp"

namespace vlan {

/// Interfaces of kind "vlan": each takes in frames of one VLAN of another interface, its parent,
/// and sends frames tagged with it. A parent may be a VLAN itself, for two tags (IEEE 802.1ad). It
/// has its parent's MAC address and goes with its parent. Control thread.
class Interfaces {
public:
    static constexpr const char* kind = "vlan";

    /// `output` is the node `output_node`. All outlive it, and it outlives its interfaces.
    Interfaces(vnet::interface::Table& table, Tags& tags, Output& output, graph::NodeId output_node)
        : table_(table), tags_(tags), output_(output), output_node_(output_node) {}
    Interfaces(const Interfaces&) = delete;
    Interfaces& operator=(const Interfaces&) = delete;

    /// Makes an interface, down. Without a tag it takes in tagged frames that no other interface
    /// of the parent does, and leaves their tags as they are. NOT_FOUND for an unknown parent,
    /// OUT_OF_RANGE for a third tag, ALREADY_EXISTS names who has it.
    absl::Status add(const std::string& name, const std::string& parent, std::optional<Tag> tag);

    struct Vlan {
        Index index = 0;
        Index parent = 0;
        std::optional<Tag> tag;
    };
    /// Parents before what is on them, else by name.
    std::vector<Vlan> all() const;

    /// To be told of changes of all interfaces.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);

private:
    class Device;
    unsigned depth(Index index) const;
    /// A parent has another MTU.
    void fit_mtu(vnet::interface::Index vlan, const vnet::interface::Interface& parent) const;
    absl::Status check(const vnet::interface::Interface& parent, std::optional<Tag> tag) const;

    vnet::interface::Table& table_;
    Tags& tags_;
    Output& output_;
    const graph::NodeId output_node_;
    std::map<Index, Vlan> vlans_;
    /// Interfaces take over the MAC address of what they are on, at this moment.
    bool following_ = false;
};

}  // namespace vlan
