// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/past_names.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/interface/testing/fake_device.hpp"

namespace vnet::service {
namespace {

class PastNamesTest : public ::testing::Test {
protected:
    PastNamesTest() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 1024;
        engine_ = *graph::Engine::create(options);
        interfaces_ = std::make_unique<interface::Table>(*engine_);
        add("lan");
        names_ = std::make_unique<PastNames>(*interfaces_);
    }

    interface::Index add(const char* name) {
        return *interfaces_->add(name, interface::testing::FakeDevice::maker(
                                           std::make_shared<interface::testing::FakeState>()));
    }
    void remove(const char* name) {
        ASSERT_TRUE(interfaces_->remove(name).ok());
        engine_->rcu().flush();
    }

    std::unique_ptr<graph::Engine> engine_;
    std::unique_ptr<interface::Table> interfaces_;
    std::unique_ptr<PastNames> names_;
};

TEST_F(PastNamesTest, AnIndexHasTheNameOfItsTime) {
    const interface::Index index = add("first");
    const uint64_t first = rte_rdtsc();
    remove("first");
    const uint64_t none = rte_rdtsc();
    EXPECT_EQ(names_->at(index, first), "first");
    EXPECT_EQ(names_->at(index, none), "first") << "a packet that was under way";
    ASSERT_EQ(add("second"), index);
    const uint64_t second = rte_rdtsc();
    EXPECT_EQ(names_->at(index, first), "first");
    EXPECT_EQ(names_->at(index, none), "first");
    EXPECT_EQ(names_->at(index, second), "second");
    remove("second");
    EXPECT_EQ(names_->at(index, second), "second");
    EXPECT_EQ(names_->at(index, first), "first");
}

TEST_F(PastNamesTest, WhatWasThereBeforeIsKnown) {
    const interface::Index lan = (*interfaces_->find("lan"))->index;
    EXPECT_EQ(names_->at(lan, 0), "lan");
    EXPECT_EQ(names_->at(interface::Index(lan + 1), 0), "-");
    EXPECT_FALSE(names_->knows("wan"));
    remove("lan");
    EXPECT_TRUE(names_->knows("lan"));
}

}  // namespace
}  // namespace vnet::service
