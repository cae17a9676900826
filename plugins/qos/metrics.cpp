// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/service.hpp"

namespace qos {

namespace {

using api::metrics::Kind;
using api::metrics::Samples;

constexpr std::array<const char*, vnet::meter::colours> colour_words = {"conform", "exceed",
                                                                        "violate"};
using OfColours = std::array<uint64_t, vnet::meter::colours>;

}  // namespace

absl::Status register_metrics(vnet::plugin::Registry& registry, const Interfaces& interfaces,
                              std::shared_ptr<const Statements> statements) {
    const auto add = [&](const char* name, const char* help, OfColours Policer::Totals::*what) {
        return registry.add_metrics(
            {name, Kind::counter, "", help, {"policer", "outcome"}},
            [&interfaces, statements, what](Samples& samples) {
                for (const auto& [policer, setting] : statements->policers) {
                    const Policer::Totals totals = interfaces.totals_of_policer(policer);
                    for (size_t i = 0; i < colour_words.size(); ++i) {
                        samples.add({policer, colour_words[i]}, (totals.*what)[i]);
                    }
                }
            });
    };
    absl::Status status = add("sluice_qos_policer_packets", "Packets that policers measured.",
                              &Policer::Totals::packets);
    status.Update(add("sluice_qos_policer_bytes", "Bytes of layer 3 that policers measured.",
                      &Policer::Totals::bytes));
    status.Update(registry.add_metrics(
        {"sluice_qos_policer_crowded",
         Kind::counter,
         "",
         "Packets of flows that no account could be kept of.",
         {"policer"}},
        [&interfaces, statements](Samples& samples) {
            for (const auto& [policer, setting] : statements->policers) {
                samples.add({policer}, interfaces.totals_of_policer(policer).crowded);
            }
        }));
    return status;
}

}  // namespace qos
