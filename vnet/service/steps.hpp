// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "vnet/proto/trace.pb.h"
#include "vnet/router.hpp"
#include "vnet/service/past_names.hpp"

namespace vnet::service {

/// Puts what a packet met into messages and words, for traces and for explanations alike. Control
/// thread.
class Steps {
public:
    /// `names` outlives it; without, interfaces have their present names.
    explicit Steps(Router& router, const PastNames* names = nullptr)
        : router_(router), names_(names) {}

    /// The step at `index` of a packet's records.
    sluice::TraceStep describe(std::span<const graph::TraceRecord> records, size_t index) const;
    /// "ip4-input: bad-source (no host may ...)"
    std::string drop(graph::DropId id) const;
    /// "route 10.1.0.0/24, source configured"
    static std::string decided(const sluice::TraceStep& step);

private:
    std::string name_of(interface::Index interface, uint64_t tsc) const;

    Router& router_;
    const PastNames* names_;
};

}  // namespace vnet::service
