// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/live_output.hpp"

#include <gtest/gtest.h>

#include <future>
#include <sstream>

#include "api/grammar/testing/fixture.hpp"

namespace cli {
namespace {

/// Tells when it was asked to show what it holds.
class Recorder : public api::grammar::Renderer, public api::grammar::Sink {
public:
    void add(const google::protobuf::Message&) override { ++added; }
    void begin(const api::grammar::Shape&) override {}
    void row(api::grammar::Row) override {}
    void flush() override {
        if (!told) {
            told = true;
            flushed.set_value(added);
        }
    }
    void finish() override {}

    int added = 0;
    bool told = false;
    std::promise<int> flushed;
};

TEST(LiveOutput, ShowsWhatIsHeldWhenNothingComes) {
    Recorder recorder;
    std::ostringstream out;
    auto flushed = recorder.flushed.get_future();
    LiveOutput live(recorder, recorder, out);
    EXPECT_TRUE(live.add(api::grammar::testing::proto::Route()));
    ASSERT_EQ(flushed.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    EXPECT_EQ(flushed.get(), 1);
}

TEST(LiveOutput, TellsThatTheStreamIsBroken) {
    Recorder recorder;
    std::ostringstream out;
    LiveOutput live(recorder, recorder, out);
    out.setstate(std::ios::badbit);
    EXPECT_FALSE(live.add(api::grammar::testing::proto::Route()));
}

}  // namespace
}  // namespace cli
