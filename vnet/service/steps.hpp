// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "vnet/proto/trace.pb.h"
#include "vnet/router.hpp"

namespace vnet::service {

/// Puts what a packet met into messages and words, for traces and for explanations alike. Control
/// thread.
class Steps {
public:
    explicit Steps(Router& router) : router_(router) {}

    /// The step at `index` of a packet's records.
    sluice::TraceStep describe(std::span<const graph::TraceRecord> records, size_t index) const;
    /// "ip4-input: bad-source (no host may ...)"
    std::string drop(graph::DropId id) const;
    /// "route 10.1.0.0/24, source configured"
    static std::string decided(const sluice::TraceStep& step);

private:
    Router& router_;
};

}  // namespace vnet::service
