// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/interface_statements.hpp"

#include "vnet/proto/interface.pb.h"

namespace vnet::service {

std::map<std::string, interface::Index> by_name(const interface::Table& table) {
    std::map<std::string, interface::Index> sorted;
    for (const auto& [index, interface] : table.all()) {
        sorted.emplace(interface.name, index);
    }
    return sorted;
}

std::shared_ptr<InterfaceStatements> InterfaceStatements::create(interface::Table& table) {
    std::shared_ptr<InterfaceStatements> statements(new InterfaceStatements(table));
    table.observe([weak = std::weak_ptr(statements)](const interface::Interface& interface,
                                                     interface::Change change) {
        const auto alive = weak.lock();
        if (alive == nullptr) {
            return;
        }
        if (change == interface::Change::added) {
            alive->original_macs_[interface.name] = interface.mac;
        } else if (change == interface::Change::removing) {
            alive->forget(interface.name);
        }
    });
    return statements;
}

void InterfaceStatements::forget(const std::string& name) {
    made.forget(name);
    mtu.forget(name);
    mac.forget(name);
    original_macs_.erase(name);
}

void InterfaceStatements::write(const api::config::Emit& emit) const {
    made.write(emit);
    mtu.write(emit);
    mac.write(emit);
    for (const auto& [name, index] : by_name(table_)) {
        if (table_.get(index)->up) {
            sluice::SetInterfaceRequest up;
            up.set_name(name);
            up.set_state(sluice::INTERFACE_STATE_UP);
            emit("sluice.Interfaces.Set", up);
        }
    }
}

}  // namespace vnet::service
