// SPDX-License-Identifier: Apache-2.0
#include "api/metrics/api_metrics.hpp"

#include <functional>

#include "api/registry.hpp"

namespace api::metrics {

absl::Status add_api_metrics(Registry& registry) {
    using Read = std::function<Value(const Method::Requests&)>;
    const auto add = [&registry](Family family, Read read) {
        family.labels = {"method"};
        return registry.metrics().add(
            "api", std::move(family), [&registry, read = std::move(read)](Samples& samples) {
                for (const auto& method : registry.methods()) {
                    // Only what was used: most methods never are.
                    if (const auto requests = method->requests(); requests.calls != 0) {
                        samples.add({method->name()}, read(requests));
                    }
                }
            });
    };
    absl::Status status = add({"sluice_api_requests", Kind::counter, "requests",
                               "Calls of API methods, the configuration's own lines included."},
                              [](const auto& requests) { return requests.calls; });
    status.Update(
        add({"sluice_api_refusals", Kind::counter, "", "Answers of API methods that were errors."},
            [](const auto& requests) { return requests.refused; }));
    status.Update(add({"sluice_api_handler_seconds", Kind::counter, "seconds",
                       "Time that handlers of API methods took of the control thread."},
                      [](const auto& requests) { return double(requests.handler_ns) / 1e9; }));
    return status;
}

}  // namespace api::metrics
