// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/json.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "api/grammar/testing/fixture.hpp"

namespace api::grammar {
namespace {

using testing::proto::Everything;

TEST(Json, WritesEveryKind) {
    const TextForms forms;
    Everything message;
    message.set_i32(-1);
    message.set_u64(18446744073709551615u);
    message.set_f64(0.5);
    message.set_f32(std::numeric_limits<float>::infinity());
    message.set_flag(true);
    message.set_text("a \"b\"\x1b");
    message.set_raw("\xff");
    message.set_verdict(testing::proto::VERDICT_NOT_HERE);
    message.mutable_address()->set_value(0x0a000001);
    message.mutable_mac()->set_value(1);
    message.mutable_hex()->set_value("\n");
    message.add_numbers(1);
    message.add_numbers(2);
    (*message.mutable_counts())["x"] = 3;
    message.mutable_counters()->set_rx(4);
    message.add_samples()->set_tx(5);
    EXPECT_EQ(
        to_json(message, forms),
        R"({"i32":-1,"i64":0,"u32":0,"u64":18446744073709551615,"f64":0.5,"f32":null,"flag":true,)"
        R"("text":"a \"b\"\u001b","raw":"ff","verdict":"not-here","address":"10.0.0.1",)"
        R"("mac":"00:00:00:00:00:01","hex":"0a","numbers":[1,2],"counts":{"x":3},)"
        R"("counters":{"rx":4,"tx":0},"samples":[{"rx":0,"tx":5}]})");
}

TEST(Json, LeavesOutWhatIsAbsentAndKeepsZeroes) {
    const TextForms forms;
    testing::proto::Route route;
    EXPECT_EQ(to_json(route, forms), R"({"verdict":"forward-unspecified"})");
    route.set_interface("");
    route.set_verdict(static_cast<testing::proto::Verdict>(9));
    EXPECT_EQ(to_json(route, forms), R"({"interface":"","verdict":9})");
}

}  // namespace
}  // namespace api::grammar
