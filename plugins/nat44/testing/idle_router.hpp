// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "graph/testing/bench.hpp"
#include "plugins/nat44/nat.hpp"

namespace nat44::testing {

/// A test of what control does of NAT44: a router without interfaces, whose one worker is the test
/// until the engine is started.
class IdleRouterTest : public ::testing::Test {
protected:
    IdleRouterTest() {
        router_ = must(vnet::Router::create(*engine_));
        log_ = std::make_unique<Log>(engine_->control(), 1, Log::Options());
        translators_ = std::make_unique<Translators>(
            Translators::Parts{*engine_, router_->flows().tables(), router_->interfaces(), *log_});
        owner_ = must(router_->flows().add_owner(*translators_));
        translators_->set_owner(owner_);
        EXPECT_TRUE(engine_->commit().ok());
        nat_ = std::make_unique<Nat>(*router_, *translators_);
    }
    ~IdleRouterTest() override {
        engine_->stop();
        // It goes first: the last sessions give back ports of addresses that are still there.
        router_->flows().remove_owner(owner_);
    }
    template <class T>
    static T must(absl::StatusOr<T> value) {
        EXPECT_TRUE(value.ok()) << value.status();
        return std::move(*value);
    }
    vnet::flow::Table& table() { return router_->flows().tables().of(0); }
    Translator::Asked ask(const vnet::flow::Key& asked) {
        return {translators_->config(), asked, 0, 0, owner_};
    }

    std::unique_ptr<graph::Engine> engine_ = [] {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 1024;
        return must(graph::Engine::create(options));
    }();
    std::unique_ptr<vnet::Router> router_;
    std::unique_ptr<Log> log_;
    std::unique_ptr<Translators> translators_;
    vnet::flow::OwnerId owner_ = 0;
    std::unique_ptr<Nat> nat_;
};

}  // namespace nat44::testing
