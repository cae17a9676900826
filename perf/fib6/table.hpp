// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "perf/fib6/routes.hpp"

namespace perf::fib6 {

constexpr size_t batch = 256;
using Addresses = std::span<const vnet::wire::Ip6Address, batch>;
/// Next hops as the table's own lookup writes them.
union NextHops {
    std::array<uint32_t, batch> words;
    std::array<uint64_t, batch> longs;
};

/// One of the tables that are compared. One thread.
class Table {
public:
    virtual ~Table() = default;
    /// Adds routes, shorter prefixes before longer ones.
    virtual void add(std::span<const Route> routes) = 0;
    /// Withdraws a route that no longer one lies in and announces it again.
    virtual void flap(const Route& route) = 0;
    /// The ways to look up a batch; each by its index in lookups().
    virtual std::vector<std::string> lookups() const = 0;
    virtual void lookup(unsigned way, Addresses addresses, NextHops& next_hops) = 0;
    /// The next hop of address `index`, from what a lookup wrote.
    virtual uint32_t at(const NextHops& next_hops, size_t index) const {
        return next_hops.words[index];
    }
    /// Bytes of memory that it takes now.
    virtual uint64_t bytes() const = 0;
    /// Levels on the longest way, where it has such; 0 elsewhere.
    virtual unsigned depth() const { return 0; }
};

struct TableKind {
    std::string name;
    /// A table for at most so many routes. Throws std::runtime_error where it cannot be made.
    std::function<std::unique_ptr<Table>(size_t routes)> make;
};
std::vector<TableKind> kinds();

}  // namespace perf::fib6
