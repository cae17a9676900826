// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/text_forms.hpp"

#include <gmock/gmock.h>

#include "api/grammar/testing/fixture.hpp"

namespace api::grammar {
namespace {

using testing::proto::Everything;

class TextFormsTest : public ::testing::Test {
protected:
    const google::protobuf::FieldDescriptor& field(const std::string& name) {
        return *Everything::descriptor()->FindFieldByName(name);
    }

    /// The text as it is printed after it was read, or the error's sentence.
    std::string round(const std::string& name, std::string_view text) {
        Everything message;
        const absl::Status status = forms_.parse(field(name), text, message);
        return status.ok() ? forms_.print(message, field(name)) : std::string(status.message());
    }

    TextForms forms_;
};

TEST_F(TextFormsTest, ReadsAndPrintsEachKind) {
    const std::pair<const char*, const char*> same[] = {
        {"i32", "-2147483648"},
        {"i64", "9223372036854775807"},
        {"u32", "4294967295"},
        {"u64", "18446744073709551615"},
        {"f64", "0.1"},
        {"f32", "0.1"},
        {"flag", "on"},
        {"flag", "off"},
        {"text", "any thing"},
        {"raw", "00ff"},
        {"verdict", "not-here"},
        {"address", "192.0.2.1"},
        {"prefix", "10.0.1.1/24"},
        {"prefix", "0.0.0.0/0"},
        {"mac", "02:fe:00:00:0a:01"},
        {"hex", "0a0b0c"},
    };
    for (const auto& [name, text] : same) {
        EXPECT_EQ(round(name, text), text) << name;
    }
    EXPECT_EQ(round("u32", "0x10"), "16");
    EXPECT_EQ(round("mac", "02:FE:00:00:0A:01"), "02:fe:00:00:0a:01");
}

TEST_F(TextFormsTest, NamesTheFieldAndTheRange) {
    EXPECT_EQ(round("u32", "4294967296"),
              "<u32> cannot be '4294967296': it must be a number from 0 to 4294967295");
    EXPECT_EQ(round("u32", "-1"), "<u32> cannot be '-1': it must be a number from 0 to 4294967295");
    EXPECT_EQ(round("i32", "x"),
              "<i32> cannot be 'x': it must be a number from -2147483648 to 2147483647");
    EXPECT_EQ(round("flag", "yes"), "<flag> cannot be 'yes': it must be one of: on, off");
    EXPECT_EQ(round("verdict", "accept"),
              "<verdict> cannot be 'accept': it must be one of: blackhole, not-here");
    EXPECT_EQ(round("address", "10.0.0.256"),
              "<address> cannot be '10.0.0.256': it must be an IPv4 address such as 192.0.2.1");
}

TEST_F(TextFormsTest, RefusesWhatIsNearlyRight) {
    const std::pair<const char*, const char*> bad[] = {
        {"u32", ""},
        {"u32", "+1"},
        {"u32", " 1"},
        {"u32", "1 "},
        {"i32", "0x-1"},
        {"f64", "nan"},
        {"f64", "inf"},
        {"f32", "1e99"},
        {"raw", "0"},
        {"raw", "0g"},
        {"text", "\xff"},
        {"verdict", "forward-unspecified"},
        {"address", "1.2.3"},
        {"address", "01.2.3.4"},
        {"address", "1.2.3.4.5"},
        {"prefix", "1.2.3.4"},
        {"prefix", "1.2.3.4/33"},
        {"prefix", "1.2.3.4/"},
        {"mac", "02:fe:00:00:0a"},
        {"mac", "02-fe-00-00-0a-01"},
        {"mac", "02:fe:00:00:0a:1"},
        {"mac", "02:fe:00:00:0a:01:02"},
        {"hex", "abc"},
    };
    for (const auto& [name, text] : bad) {
        EXPECT_THAT(round(name, text), ::testing::HasSubstr("cannot be")) << name << " " << text;
    }
}

TEST_F(TextFormsTest, PrintsAnEnumValueThatHasNoName) {
    Everything message;
    message.set_verdict(static_cast<testing::proto::Verdict>(77));
    EXPECT_EQ(forms_.print(message, field("verdict")), "77");
}

TEST_F(TextFormsTest, WorksOnDynamicMessages) {
    const testing::DynamicSchema schema;
    google::protobuf::DynamicMessageFactory factory;
    const auto* type = schema.pool().FindMessageTypeByName("sluice.grammar.testing.Everything");
    const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(type)->New());
    const auto& prefix = *type->FindFieldByName("prefix");
    ASSERT_TRUE(forms_.parse(prefix, "10.1.0.0/16", *message).ok());
    EXPECT_EQ(forms_.print(*message, prefix), "10.1.0.0/16");
}

TEST_F(TextFormsTest, TakesOneFormForAType) {
    const MessageForm form{[](std::string_view, google::protobuf::Message&) { return true; },
                           [](const google::protobuf::Message&) { return std::string("x"); },
                           "anything",
                           {"x"}};
    EXPECT_FALSE(forms_.covers(field("counters")));
    EXPECT_TRUE(forms_.add("sluice.grammar.testing.Counters", form).ok());
    EXPECT_TRUE(forms_.covers(field("counters")));
    EXPECT_EQ(forms_.add("sluice.Ip4Address", form).message(),
              "the message sluice.Ip4Address has a text form already: it can have one only");
}

}  // namespace
}  // namespace api::grammar
