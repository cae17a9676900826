// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <span>

#include "vnet/flow/table.hpp"

namespace perf::flow {

/// A table of its own, outside of any router.
class FlowTable {
public:
    explicit FlowTable(uint32_t sessions, uint32_t timeout_s = 240) {
        vnet::flow::Timeouts set;
        set[vnet::flow::Timer::tcp_transitory] = timeout_s;
        timeouts.set(set);
        table = std::make_unique<vnet::flow::Table>(
            vnet::flow::Table::Parts{timeouts, owners, 0, sessions, 1, 0});
    }

    vnet::flow::SharedTimeouts timeouts;
    vnet::flow::Owners owners;
    std::unique_ptr<vnet::flow::Table> table;
};

/// The stages of vnet/flow/lookup.cpp, `batch` keys at once: hash and fetch buckets, guess and
/// fetch sessions, compare, and where the guess was wrong search. Calls back with what it found.
template <size_t batch, class Found>
void look_up_staged(const vnet::flow::Table& table, std::span<const vnet::flow::Key> keys,
                    Found found) {
    using vnet::flow::Ref;
    uint64_t hashes[batch];
    Ref guesses[batch];
    for (size_t begin = 0; begin < keys.size(); begin += batch) {
        const auto some = keys.subspan(begin, std::min(batch, keys.size() - begin));
        for (size_t i = 0; i < some.size(); ++i) {
            hashes[i] = table.hash(some[i]);
            table.prefetch(hashes[i]);
        }
        for (size_t i = 0; i < some.size(); ++i) {
            guesses[i] = table.guess(hashes[i]);
            table.prefetch(guesses[i]);
        }
        for (size_t i = 0; i < some.size(); ++i) {
            if (guesses[i] && table.is(guesses[i], some[i])) [[likely]] {
                found(guesses[i]);
            } else {
                found(table.find(hashes[i], some[i]));
            }
        }
    }
}

}  // namespace perf::flow
