// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plugins/qos/qos.pb.h"

/// Settings in words, for lists.
namespace qos {

/// "46=5 0-7=1".
std::string entries_of(const sluice::qos::QosMap& map);
/// "1000 kbit/s burst 2000 B, second 2000 kbit/s burst 4000 B, colour-aware".
std::string terms_of(const sluice::qos::QosPolicer& policer);
/// "dscp", "priority by map edge", "none, class 5".
std::string trust_of(const sluice::qos::QosTrust& trust);
/// "dscp, priority by map core".
std::string marks_of(const sluice::qos::QosMarking& marking);
/// What a rule asks for: "from 10.0.0.0/8, dscp 46"; "all".
std::string matches_of(const sluice::qos::QosRule& rule);
/// What it does: "class 5, mark 7, policer gold".
std::string deeds_of(const sluice::qos::QosRule& rule);

}  // namespace qos
