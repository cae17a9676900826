// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "graph/stable_array.hpp"
#include "plugins/nat44/translator.hpp"
#include "vnet/interface/table.hpp"

namespace nat44 {

/// What an interface is to the translator.
enum class Role : uint8_t { none, inside, outside };

/// All workers' translators and what they share: the configuration, the roles of interfaces, and
/// which worker has which session. Made by control; asked by workers.
class Translators final : public vnet::flow::Owner, public vnet::flow::Steering {
public:
    struct Parts {
        graph::Engine& engine;
        vnet::flow::Tables& tables;
        const vnet::interface::Table& interfaces;
        Log& log;
    };
    explicit Translators(const Parts& parts);
    ~Translators();

    // ---- workers ----
    Translator& of(unsigned worker) const noexcept { return *translators_[worker]; }
    const Config& config() const noexcept { return *config_.load(std::memory_order_acquire); }
    Role role(uint32_t interface) const noexcept {
        return interface < graph::max_interfaces
                   ? Role(roles_[interface].load(std::memory_order_relaxed))
                   : Role::none;
    }
    Vrf vrf_of(uint32_t interface) const noexcept {
        return interface < graph::max_interfaces
                   ? interfaces_.hot(interface).vrf.load(std::memory_order_relaxed)
                   : vnet::interface::default_vrf;
    }
    vnet::flow::Tables& tables() const noexcept { return tables_; }
    vnet::flow::OwnerId owner() const noexcept { return owner_; }
    void ended(const vnet::flow::Session& session, vnet::flow::Ending ending,
               unsigned worker) noexcept override;
    unsigned worker_of(const vnet::flow::Key& key, uint32_t rx_interface,
                       unsigned self) noexcept override;

    // ---- control thread ----
    /// Once, before the first session.
    void set_owner(vnet::flow::OwnerId owner) noexcept { owner_ = owner; }
    void set_role(uint32_t interface, Role role) noexcept {
        roles_[interface].store(uint8_t(role), std::memory_order_relaxed);
    }
    /// Workers have the new one with their next packet; the one before goes when none can have it.
    void publish(std::unique_ptr<const Config> config);
    unsigned contexts() const noexcept { return unsigned(translators_.size()); }

private:
    graph::Engine& engine_;
    vnet::flow::Tables& tables_;
    const vnet::interface::Table& interfaces_;
    vnet::flow::OwnerId owner_ = 0;
    std::vector<std::unique_ptr<Translator>> translators_;
    graph::StableArray<std::atomic<uint8_t>> roles_;
    std::shared_ptr<const Config> current_;
    std::atomic<const Config*> config_{nullptr};
};

}  // namespace nat44
