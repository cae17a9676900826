// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// "ip4-policy": packets that the last of 100 rules sends.
Path policy_path();
/// "ip4-urpf": packets whose source is asked for among the routes, and is behind the interface that
/// they came by.
Path urpf_path();
/// "ip4-mss-clamp": TCP segments without SYN through an interface that clamps in and one that
/// clamps out.
Path mss_clamp_path();
/// "policer": packets that a two-rate policer measures as they come in, all of which conform.
Path policer_path();
/// "qos-mark": packets whose class is recorded by their DSCP as they come in, and that leave with
/// another DSCP for it.
Path qos_mark_path();
/// "qos-rules": packets that match one of a thousand rules by networks, protocol and port.
Path qos_rules_path();
/// "vrf-lookup": packets that are looked up once more, in another VRF.
Path vrf_path();

}  // namespace perf
