// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/words.hpp"

#include <absl/strings/str_join.h>
#include <fmt/format.h>

#include "vnet/service/convert.hpp"

namespace qos {

namespace {

namespace proto = sluice::qos;

/// Words with commas between.
class Phrase {
public:
    void add(bool given, const std::string& words) {
        if (given) {
            words_ += (words_.empty() ? "" : ", ") + words;
        }
    }
    std::string or_else(const char* nothing) const { return words_.empty() ? nothing : words_; }

private:
    std::string words_;
};

std::string text(const sluice::IpPrefix& prefix) {
    return vnet::service::with_prefix(
               prefix,
               [](const auto& value) { return absl::StatusOr<std::string>(value.to_string()); })
        .value_or("-");
}

}  // namespace

std::string entries_of(const proto::QosMap& map) {
    return absl::StrJoin(map.entries(), " ");
}

std::string terms_of(const proto::QosPolicer& policer) {
    const bool by_bytes = policer.unit() == proto::RATE_UNIT_KILOBITS;
    const char* rate = by_bytes ? "kbit/s" : "packets/s";
    const char* burst = by_bytes ? "B" : "packets";
    Phrase phrase;
    phrase.add(true,
               fmt::format("{} {} burst {} {}", policer.rate(), rate, policer.burst(), burst));
    phrase.add(policer.has_second_rate(),
               fmt::format("second {} {} burst {} {}", policer.second_rate(), rate,
                           policer.second_burst(), burst));
    phrase.add(!policer.has_second_rate() && policer.second_burst() != 0,
               fmt::format("second burst {} {}", policer.second_burst(), burst));
    phrase.add(policer.colour_aware(), "colour-aware");
    return phrase.or_else("-");
}

std::string trust_of(const proto::QosTrust& trust) {
    switch (trust.trust()) {
        case proto::TRUST_DSCP:
        case proto::TRUST_PRIORITY:
            return std::string(trust.trust() == proto::TRUST_DSCP ? "dscp" : "priority") +
                   (trust.has_map() ? " by map " + trust.map() : "");
        default:
            return fmt::format("none, class {}", trust.class_());
    }
}

std::string marks_of(const proto::QosMarking& marking) {
    Phrase phrase;
    const auto by = [](const std::string& map) { return map.empty() ? "" : " by map " + map; };
    phrase.add(marking.marks() != proto::MARKS_PRIORITY, "dscp" + by(marking.dscp_map()));
    phrase.add(marking.marks() != proto::MARKS_DSCP, "priority" + by(marking.priority_map()));
    return phrase.or_else("-");
}

std::string matches_of(const proto::QosRule& rule) {
    Phrase phrase;
    phrase.add(rule.has_from(), "from " + text(rule.from()));
    phrase.add(rule.has_to(), "to " + text(rule.to()));
    phrase.add(rule.has_protocol(), "protocol " + rule.protocol());
    phrase.add(rule.has_source_ports(), "source-ports " + rule.source_ports());
    phrase.add(rule.has_destination_ports(), "destination-ports " + rule.destination_ports());
    phrase.add(rule.has_dscp(), fmt::format("dscp {}", rule.dscp()));
    phrase.add(rule.has_priority(), fmt::format("priority {}", rule.priority()));
    phrase.add(rule.has_came_in_by(), "came-in-by " + rule.came_in_by());
    phrase.add(rule.has_marked(), fmt::format("marked {}", rule.marked()));
    return phrase.or_else("all");
}

std::string deeds_of(const proto::QosRule& rule) {
    Phrase phrase;
    phrase.add(rule.has_class_(), fmt::format("class {}", rule.class_()));
    phrase.add(rule.has_mark(), fmt::format("mark {}", rule.mark()));
    phrase.add(rule.has_policer(), "policer " + rule.policer());
    return phrase.or_else("-");
}

}  // namespace qos
