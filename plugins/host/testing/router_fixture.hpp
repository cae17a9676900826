// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "api/registry.hpp"
#include "graph/testing/bench.hpp"
#include "plugins/host/loader.hpp"
#include "plugins/host/service.hpp"
#include "vnet/router.hpp"
#include "vnet/service/services.hpp"

namespace plugins::host::testing {

template <class T>
T must(absl::StatusOr<T> value) {
    if (!value.ok()) {
        throw std::runtime_error(std::string(value.status().message()));
    }
    return std::move(*value);
}
inline void must(const absl::Status& status) {
    if (!status.ok()) {
        throw std::runtime_error(std::string(status.message()));
    }
}

/// A whole router with its services, and a host over a directory of plugins. The test's thread is
/// the control thread.
struct RouterFixture {
    explicit RouterFixture(const std::string& directory, std::vector<std::string> required = {},
                           std::vector<std::string> excluded = {}, unsigned workers = 1) {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 8192;
        options.workers = workers;
        engine = must(graph::Engine::create(options));
        router = must(vnet::Router::create(*engine));
        must(vnet::service::register_all(api, *router));
        host = std::make_unique<Host>(
            *router, api, Options{{directory}, std::move(required), std::move(excluded)});
        must(register_service(api, *host));
    }

    api::Registry api;
    std::unique_ptr<graph::Engine> engine;
    std::unique_ptr<vnet::Router> router;
    std::unique_ptr<Host> host;
};

}  // namespace plugins::host::testing
