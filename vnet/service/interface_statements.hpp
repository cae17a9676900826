// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "api/config/kept.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::service {

/// Interfaces by name: the order of a configuration, which does not depend on what was there
/// before.
std::map<std::string, interface::Index> by_name(const interface::Table& table);

/// What was asked of interfaces, as it was typed, for the running configuration: a device does not
/// remember which of its traits were asked for. Forgets an interface when it is deleted. Control
/// thread.
class InterfaceStatements {
public:
    /// Before any interface is there. The table outlives it.
    static std::shared_ptr<InterfaceStatements> create(interface::Table& table);

    /// By its name: how it was made, what it was set to.
    api::config::Kept<std::string> made;
    api::config::Kept<std::string> mtu;
    api::config::Kept<std::string> mac;

    /// The MAC address that an interface had when it was made.
    const wire::MacAddress& original_mac(const std::string& name) { return original_macs_[name]; }

    void write(const api::config::Emit& emit) const;

private:
    explicit InterfaceStatements(interface::Table& table) : table_(table) {}
    void forget(const std::string& name);

    interface::Table& table_;
    std::map<std::string, wire::MacAddress> original_macs_;
};

}  // namespace vnet::service
