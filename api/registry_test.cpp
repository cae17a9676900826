// SPDX-License-Identifier: Apache-2.0
#include "api/registry.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include "api/testing/toys.hpp"

namespace api::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string text(const absl::Status& status) {
    return std::string(status.message());
}

class RegistryTest : public ::testing::Test {
protected:
    RegistryTest() { EXPECT_TRUE(toys.add_to(registry).ok()); }

    absl::Status local(const std::string& method, const Message& request) {
        values.clear();
        return registry.call_local(
            "sluice.testing.Toys." + method, request, [this](const Message& reply) {
                if (const auto* number = dynamic_cast<const Number*>(&reply)) {
                    values.push_back(number->value());
                }
                return absl::OkStatus();
            });
    }

    Toys toys;
    Registry registry;
    std::vector<std::int64_t> values;
};

Number number(std::int64_t value) {
    Number message;
    message.set_value(value);
    return message;
}

auto echo() {
    return [](const Number& request) -> absl::StatusOr<Number> { return request; };
}

TEST_F(RegistryTest, RefusesAMethodThatNoFileHas) {
    auto status = registry.add_unary<Number, Number>("sluice.testing.Toys.Triple", echo());
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(text(status), HasSubstr("no method sluice.testing.Toys.Triple"));
}

TEST_F(RegistryTest, RefusesOtherTypes) {
    auto status = registry.add_unary<sluice::Empty, Number>(
        "sluice.testing.Toys.Missing",
        [](const sluice::Empty&) -> absl::StatusOr<Number> { return Number(); });
    EXPECT_EQ(text(status),
              "method sluice.testing.Toys.Missing has the request sluice.testing.Number, but its "
              "handler was written for sluice.Empty");
    status = registry.add_unary<Number, sluice::Empty>(
        "sluice.testing.Toys.Missing",
        [](const Number&) -> absl::StatusOr<sluice::Empty> { return sluice::Empty(); });
    EXPECT_THAT(text(status), HasSubstr("has the reply sluice.testing.Number"));
}

TEST_F(RegistryTest, RefusesAnotherShape) {
    auto status = registry.add_unary<CountRequest, Number>(
        "sluice.testing.Toys.Count",
        [](const CountRequest&) -> absl::StatusOr<Number> { return Number(); });
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(text(status), HasSubstr("registered as a unary"));
}

TEST_F(RegistryTest, RefusesASecondHandler) {
    auto status = registry.add_unary<Number, Number>("sluice.testing.Toys.Double", echo());
    EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
    ASSERT_TRUE(local("Double", number(4)).ok());
    EXPECT_THAT(values, ElementsAre(8));
}

TEST_F(RegistryTest, KnowsMethodsByNameAndRole) {
    const auto keep = registry.find("sluice.testing.Toys.Keep");
    ASSERT_NE(keep, nullptr);
    EXPECT_EQ(keep->role(), Role::write);
    EXPECT_EQ(keep->kind(), Kind::unary);
    EXPECT_EQ(keep->service(), "sluice.testing.Toys");
    EXPECT_EQ(registry.find("sluice.testing.Toys.Double")->role(), Role::read);
    EXPECT_EQ(registry.find("sluice.testing.Toys.Missing"), nullptr);
    ASSERT_EQ(registry.methods().size(), 8U);
    EXPECT_EQ(registry.methods().front()->name(), "sluice.testing.Toys.Count");
}

TEST_F(RegistryTest, CallsLocally) {
    ASSERT_TRUE(local("Double", number(21)).ok());
    EXPECT_THAT(values, ElementsAre(42));
    CountRequest request;
    request.set_count(3);
    ASSERT_TRUE(local("Count", request).ok());
    EXPECT_THAT(values, ElementsAre(0, 1, 2));
    request.set_looks_each(7);
    ASSERT_TRUE(local("Count", request).ok());
    EXPECT_THAT(values, ElementsAre(0, 1, 2));
}

TEST_F(RegistryTest, ALocalCallEndsWithTheFirstErrorOfItsReader) {
    CountRequest request;
    request.set_count(1000);
    int seen = 0;
    auto status = registry.call_local("sluice.testing.Toys.Count", request, [&](const Message&) {
        return ++seen == 2 ? absl::AbortedError("enough") : absl::OkStatus();
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(seen, 2);
}

TEST_F(RegistryTest, ALocalCallTellsWhatIsWrong) {
    EXPECT_EQ(local("Missing", number(1)).code(), absl::StatusCode::kUnimplemented);
    EXPECT_EQ(local("Double", number(-1)).code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(text(local("Throw", number(1))),
              "sluice.testing.Toys.Throw failed: the toy is broken");
    EXPECT_THAT(text(local("Watch", sluice::Empty())), HasSubstr("only unary and list methods"));
    EXPECT_EQ(text(local("Double", sluice::Empty())),
              "sluice.testing.Toys.Double takes a sluice.testing.Number, not a sluice.Empty");
}

TEST_F(RegistryTest, AHandlersUnavailableIsARefusal) {
    Registry other;
    ASSERT_TRUE((other
                     .add_unary<Number, Number>("sluice.testing.Toys.Double",
                                                [](const Number&) -> absl::StatusOr<Number> {
                                                    return absl::UnavailableError(
                                                        "the peer is away");
                                                })
                     .ok()));
    const auto status = other.call_local("sluice.testing.Toys.Double", number(1),
                                         [](const Message&) { return absl::OkStatus(); });
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(text(status), "the peer is away");
}

TEST_F(RegistryTest, ShortensASentenceThatRepeatsALongRequest) {
    Registry other;
    ASSERT_TRUE((other
                     .add_unary<Number, Number>("sluice.testing.Toys.Double",
                                                [](const Number& asked) -> absl::StatusOr<Number> {
                                                    return absl::NotFoundError(
                                                        "there is no '" + asked.padding() +
                                                        "': give one that there is");
                                                })
                     .ok()));
    Number request;
    for (int i = 0; i < 20'000; ++i) {
        request.mutable_padding()->append("\xc3\xa4");
    }
    const auto status = other.call_local("sluice.testing.Toys.Double", request,
                                         [](const Message&) { return absl::OkStatus(); });
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_LT(text(status).size(), 1000U);
    EXPECT_THAT(text(status), ::testing::StartsWith("there is no '\xc3\xa4"));
    EXPECT_THAT(text(status), ::testing::EndsWith("\xc3\xa4': give one that there is"));
    EXPECT_THAT(text(status), HasSubstr("\xc3\xa4 [...] \xc3\xa4"));
}

TEST_F(RegistryTest, TakesADynamicMessageOfAnEqualType) {
    google::protobuf::DescriptorPool pool;
    const auto files = registry.describe_files({Number::descriptor()->file()});
    for (const auto& file : files.file()) {
        ASSERT_NE(pool.BuildFile(file), nullptr) << file.name();
    }
    google::protobuf::DynamicMessageFactory factory(&pool);
    const auto* type = pool.FindMessageTypeByName("sluice.testing.Number");
    ASSERT_NE(type, nullptr);
    MessagePtr request(factory.GetPrototype(type)->New());
    request->GetReflection()->SetInt64(request.get(), type->FindFieldByName("value"), 5);
    ASSERT_TRUE(local("Double", *request).ok());
    EXPECT_THAT(values, ElementsAre(10));
}

TEST_F(RegistryTest, ARemovedServiceIsGoneAndCanComeBack) {
    const auto held = registry.find("sluice.testing.Toys.Double");
    const auto before = registry.generation();
    registry.remove_service("sluice.testing.Toys");
    EXPECT_GT(registry.generation(), before);
    EXPECT_TRUE(registry.methods().empty());
    EXPECT_EQ(held->answer(number(1)).status().code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE(toys.add_to(registry).ok());
    EXPECT_TRUE(local("Double", number(1)).ok());
}

TEST_F(RegistryTest, ListsItemsThatAreThere) {
    auto source = items(std::vector<Number>{number(7), number(8)});
    Number item;
    EXPECT_TRUE(source(item));
    EXPECT_EQ(item.value(), 7);
    EXPECT_TRUE(source(item));
    EXPECT_EQ(item.value(), 8);
    EXPECT_FALSE(source(item));
}

TEST_F(RegistryTest, DescribesFilesInTheOrderOfTheirImports) {
    const auto set = registry.describe_files({Number::descriptor()->file()});
    std::vector<std::string> names;
    for (const auto& file : set.file()) {
        names.push_back(file.name());
        EXPECT_FALSE(file.has_source_code_info());
    }
    EXPECT_THAT(names, ElementsAre("google/protobuf/descriptor.proto", "api/proto/options.proto",
                                   "api/proto/types.proto", "api/testing/toys.proto"));
}

TEST_F(RegistryTest, PrefersFilesWithComments) {
    ASSERT_TRUE(registry.add_descriptors(Toys::descriptors()).ok());
    const auto set = registry.describe_files({Number::descriptor()->file()});
    for (const auto& file : set.file()) {
        const bool protobufs_own = file.package() == "google.protobuf";
        EXPECT_EQ(file.has_source_code_info(), !protobufs_own) << file.name();
    }
}

TEST_F(RegistryTest, LeavesAsideCommentsOfAnotherVersion) {
    google::protobuf::FileDescriptorSet set;
    ASSERT_TRUE(set.ParseFromString(std::string(Toys::descriptors())));
    for (auto& file : *set.mutable_file()) {
        if (file.name() == "api/testing/toys.proto") {
            file.mutable_message_type(0)->mutable_field(0)->set_name("worth");
        }
    }
    ASSERT_TRUE(registry.add_descriptors(set.SerializeAsString()).ok());
    const auto described = registry.describe_files({Number::descriptor()->file()});
    EXPECT_FALSE(described.file(3).has_source_code_info());
    EXPECT_EQ(described.file(3).message_type(0).field(0).name(), "value");
}

TEST_F(RegistryTest, RefusesBytesThatAreNoDescriptors) {
    EXPECT_EQ(registry.add_descriptors("rubbish").code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace api::testing
