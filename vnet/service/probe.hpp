// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <vector>

#include "vnet/proto/trace.pb.h"
#include "vnet/wire/mac.hpp"

namespace vnet::service {

/// The packet that an ExplainRequest describes, from Ethernet on, to the station `to`: the bytes of
/// `hex`, or an ICMP echo request, a TCP segment with SYN, a UDP datagram or another IP packet,
/// with valid lengths and checksums. INVALID_ARGUMENT for what makes no packet.
absl::StatusOr<std::vector<std::byte>> make_probe(const sluice::ExplainRequest& request,
                                                  const wire::MacAddress& to);

}  // namespace vnet::service
