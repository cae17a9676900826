// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/system_service.hpp"

#include <rte_version.h>
#include <unistd.h>

#include <chrono>

#include "vnet/proto/system.pb.h"

namespace cli {

namespace {

using Clock = std::chrono::steady_clock;

absl::Status add_metrics(api::metrics::Collectors& metrics, Clock::time_point started) {
    using api::metrics::Kind;
    using api::metrics::Samples;
    absl::Status status = metrics.add(
        "system", {"sluice_build", Kind::info, "", "What runs.", {"version", "build", "dpdk"}},
        [](Samples& samples) {
            samples.add({SLUICE_VERSION, SLUICE_BUILD, rte_version()}, uint64_t(1));
        });
    status.Update(metrics.add(
        "system", {"sluice_uptime_seconds", Kind::gauge, "seconds", "Time since the start."},
        [started](Samples& samples) {
            samples.add(std::chrono::duration<double>(Clock::now() - started).count());
        }));
    return status;
}

}  // namespace

std::string_view product_version() {
    return SLUICE_VERSION;
}

absl::Status register_system(api::Registry& registry) {
    const auto started = std::chrono::steady_clock::now();
    if (auto status = add_metrics(registry.metrics(), started); !status.ok()) {
        return status;
    }
    return registry.add_unary<sluice::VersionRequest, sluice::VersionReply>(
        "sluice.System.Version", [started](const auto&) -> absl::StatusOr<sluice::VersionReply> {
            sluice::VersionReply reply;
            reply.set_version(SLUICE_VERSION);
            reply.set_build(SLUICE_BUILD);
            reply.set_dpdk(rte_version());
            reply.set_uptime(uint64_t(std::chrono::duration_cast<std::chrono::seconds>(
                                          std::chrono::steady_clock::now() - started)
                                          .count()));
            reply.set_pid(uint32_t(getpid()));
            return reply;
        });
}

}  // namespace cli
