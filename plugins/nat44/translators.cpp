// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/translators.hpp"

#include <algorithm>

namespace nat44 {

using vnet::flow::Key;

namespace {

/// Of one worker, and as many as it may have sessions, so that the table is full before there is no
/// room for these, and makes room. Memory is taken as they come.
constexpr uint32_t least_hosts = 1U << 19;
constexpr uint32_t least_mappings = 1U << 20;
/// A dry run's.
constexpr uint32_t few = 64;

}  // namespace

Translators::Translators(const Parts& parts)
    : engine_(parts.engine),
      tables_(parts.tables),
      interfaces_(parts.interfaces),
      roles_(graph::max_interfaces) {
    // One more: what a new session takes is counted before an old one makes room for it.
    const uint32_t hosts = std::max(least_hosts, tables_.capacity() + 1);
    const uint32_t mappings = std::max(least_mappings, tables_.capacity() + 1);
    for (unsigned worker = 0; worker < engine_.contexts(); ++worker) {
        const bool dry = tables_.is_dry(worker);
        translators_.push_back(std::make_unique<Translator>(Translator::Parts{
            tables_, parts.log, worker, dry ? few : hosts, dry ? few : mappings}));
    }
}

Translators::~Translators() = default;

void Translators::publish(std::unique_ptr<const Config> config) {
    std::shared_ptr<const Config> made = std::move(config);
    config_.store(made.get(), std::memory_order_release);
    if (current_ != nullptr) {
        engine_.rcu().retire([before = std::move(current_)] {});
    }
    current_ = std::move(made);
}

void Translators::ended(const vnet::flow::Session& session, vnet::flow::Ending,
                        unsigned worker) noexcept {
    of(worker).ended(session);
}

unsigned Translators::worker_of(const Key& key, uint32_t rx_interface, unsigned self) noexcept {
    const Config& now = config();
    if (role(rx_interface) == Role::inside) {
        return now.worker_of_inside(key).value_or(self);
    }
    return now.worker_of_outside(key).value_or(self);
}

}  // namespace nat44
