// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "plugins/host/testing/command_lines.hpp"
#include "plugins/host/testing/router_fixture.hpp"

namespace plugins::host::testing {

/// One plugin in a router, driven by its command lines. The test's thread is the control thread.
class PluginFixture : public ::testing::Test {
protected:
    PluginFixture(const std::string& directory, const std::string& plugin) : router_(directory) {
        must(router_.host->load(plugin));
        lines_ = std::make_unique<CommandLines>(router_.api);
    }

    std::vector<std::string> run(const std::string& line) {
        auto replies = lines_->run(line);
        EXPECT_TRUE(replies.ok()) << line << ": " << replies.status();
        return replies.ok() ? *replies : std::vector<std::string>();
    }
    std::string refusal(const std::string& line) {
        const auto replies = lines_->run(line);
        EXPECT_FALSE(replies.ok()) << line;
        return std::string(replies.status().message());
    }
    const vnet::interface::Interface& interface(const std::string& name) {
        return *must(router_.router->interfaces().find(name));
    }

    RouterFixture router_;
    std::unique_ptr<CommandLines> lines_;
};

}  // namespace plugins::host::testing
