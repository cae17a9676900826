// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include "plugins/qos/interfaces.hpp"
#include "plugins/qos/qos.pb.h"

/// What requests say, in the terms of the parts that do it; the sentence says what cannot be.
namespace qos {

absl::StatusOr<MapKind> read_kind(sluice::qos::MapKind kind);
absl::StatusOr<Side> read_side(sluice::qos::Direction direction);
absl::StatusOr<Policer::Setting> read_policer(const sluice::qos::QosPolicer& request);
absl::StatusOr<TrustSetting> read_trust(const sluice::qos::QosTrust& request);
absl::StatusOr<MarkSetting> read_marking(const sluice::qos::QosMarking& request);
absl::StatusOr<RuleSetting> read_rule(const vnet::interface::Table& interfaces,
                                      const sluice::qos::QosRule& request);

}  // namespace qos
