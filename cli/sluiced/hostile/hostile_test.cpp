// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "cli/sluiced/hostile/world.hpp"

namespace cli::hostile {
namespace {

/// How many routers are tried; more of them where the environment says so.
unsigned worlds() {
    const char* const text = std::getenv("SLUICE_HOSTILE_WORLDS");
    return text == nullptr ? 200 : unsigned(std::strtoul(text, nullptr, 10));
}

/// The fuzz target goes on from here for as long as it is let; this runs wherever the tests do.
TEST(Hostile, RequestsAreRefusedWithASentenceOrDone) {
    std::map<std::string, World::Calls> calls;
    for (unsigned seed = 1; seed <= worlds(); ++seed) {
        std::mt19937 chance(seed);
        std::vector<std::uint8_t> bytes(2000);
        for (auto& byte : bytes) {
            byte = std::uint8_t(chance());
        }
        World world(PLUGIN_DIRECTORY);
        for (int turn = 0; turn < 5; ++turn) {
            const auto part = std::span(bytes).subspan(std::size_t(turn) * 400, 400);
            world.run(part);
        }
        for (const auto& [method, counted] : world.calls()) {
            calls[method].all += counted.all;
            calls[method].done += counted.done;
        }
    }
    EXPECT_GE(calls.size(), 60U);
    // A request that is always refused tries little of its handler.
    unsigned never_done = 0;
    for (const auto& [method, counted] : calls) {
        never_done += counted.done == 0 ? 1 : 0;
        RecordProperty(method, std::to_string(counted.done) + "/" + std::to_string(counted.all));
    }
    EXPECT_LT(never_done, calls.size() / 2);
}

}  // namespace
}  // namespace cli::hostile
