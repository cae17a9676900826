// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "perf/flow/keys.hpp"

namespace perf::flow {

/// Packets of one vector at most.
constexpr size_t most_keys = 256;

/// One of the tables that are compared, full of sessions, each found by two keys. One thread.
class Contender {
public:
    virtual ~Contender() = default;
    /// The ways to look up a vector; each by its index.
    virtual std::vector<std::string> ways() const = 0;
    /// Looks up at most most_keys keys; how many of them were found.
    virtual size_t look_up(unsigned way, std::span<const vnet::flow::Key> keys) = 0;
    /// Whether every session that is there is found, and found to be itself.
    virtual bool is_right() = 0;
    /// Ends the session that was made first and makes another one.
    virtual void renew() = 0;
    /// Bytes of memory that it takes now.
    virtual uint64_t bytes() const = 0;
};

struct ContenderKind {
    std::string name;
    /// Filled with sessions 0 to `sessions` - 1. Throws std::runtime_error where it cannot be.
    std::function<std::unique_ptr<Contender>(uint32_t sessions)> make;
};
std::vector<ContenderKind> kinds();

}  // namespace perf::flow
