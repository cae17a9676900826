// SPDX-License-Identifier: Apache-2.0
#include "api/server/describe.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/dynamic_message.h>
#include <grpc/reflection/v1alpha/reflection.pb.h>
#include <gtest/gtest.h>

#include "api/client/connection.hpp"
#include "api/client/stream.hpp"
#include "api/testing/daemon.hpp"

namespace api::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Describe, TellsVersionServicesAndFiles) {
    Daemon daemon;
    const auto reply = daemon.client()->describe();
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->version(), "1.2.3");
    EXPECT_THAT(reply->services(), ElementsAre("grpc.reflection.v1alpha.ServerReflection",
                                               "sluice.Describe", "sluice.testing.Toys"));
    google::protobuf::DescriptorPool pool;
    for (const auto& file : reply->files().file()) {
        ASSERT_NE(pool.BuildFile(file), nullptr) << file.name();
    }
    const auto* get = pool.FindMethodByName("sluice.Describe.Get");
    ASSERT_NE(get, nullptr);
    google::protobuf::SourceLocation location;
    ASSERT_TRUE(get->output_type()->FindFieldByName("version")->GetSourceLocation(&location));
    EXPECT_THAT(location.leading_comments, HasSubstr("The product's version"));
}

TEST(Describe, FollowsWhatComesAndGoes) {
    Daemon daemon;
    auto client = daemon.client();
    daemon.on_control([&] { daemon.registry.remove_service("sluice.testing.Toys"); });
    auto reply = client->describe();
    ASSERT_TRUE(reply.ok());
    EXPECT_THAT(reply->services(), Not(::testing::Contains("sluice.testing.Toys")));
    daemon.on_control([&] {
        EXPECT_TRUE(daemon.toys.add_to(daemon.registry).ok());
        EXPECT_TRUE(daemon.registry.add_descriptors(Toys::descriptors()).ok());
    });
    reply = client->describe();
    ASSERT_TRUE(reply.ok());
    EXPECT_THAT(reply->services(), ::testing::Contains("sluice.testing.Toys"));
    const auto& files = reply->files().file();
    const auto toys = std::find_if(files.begin(), files.end(), [](const auto& file) {
        return file.name() == "api/testing/toys.proto";
    });
    ASSERT_NE(toys, files.end());
    EXPECT_TRUE(toys->has_source_code_info());
}

TEST(Describe, SaysNothingAgainToWhoKnowsIt) {
    Daemon daemon;
    auto client = daemon.client();
    const auto first = client->describe();
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_NE(first->digest(), 0u);
    sluice::DescribeRequest known;
    known.set_known(first->digest());
    auto again = client->describe(known);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->digest(), first->digest());
    EXPECT_EQ(again->files().file_size(), 0);
    EXPECT_TRUE(again->services().empty());
    daemon.on_control([&] { daemon.registry.remove_service("sluice.testing.Toys"); });
    again = client->describe(known);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_NE(again->digest(), first->digest());
    EXPECT_THAT(again->services(), Not(::testing::Contains("sluice.testing.Toys")));
    EXPECT_GT(again->files().file_size(), 0);
}

TEST(Describe, AClientNeedsNoGeneratedCode) {
    Daemon daemon;
    auto client = daemon.client();
    const auto reply = client->describe();
    ASSERT_TRUE(reply.ok());
    google::protobuf::DescriptorPool pool;
    for (const auto& file : reply->files().file()) {
        pool.BuildFile(file);
    }
    google::protobuf::DynamicMessageFactory factory(&pool);
    const auto* method = pool.FindMethodByName("sluice.testing.Toys.Double");
    ASSERT_NE(method, nullptr);
    MessagePtr request(factory.GetPrototype(method->input_type())->New());
    MessagePtr scratch(factory.GetPrototype(method->output_type())->New());
    request->GetReflection()->SetInt64(request.get(), method->input_type()->field(0), 8);
    std::int64_t value = 0;
    const auto status = client->call(
        "sluice.testing.Toys.Double", *request, *scratch,
        [&](const Message& message) {
            value = message.GetReflection()->GetInt64(message, method->output_type()->field(0));
            return true;
        },
        absl::Seconds(20));
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(value, 16);
}

class Reflection : public ::testing::Test {
protected:
    using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
    using Response = grpc::reflection::v1alpha::ServerReflectionResponse;

    Reflection()
        : connection_(daemon_.path(), absl::Seconds(10)),
          stream_(*connection_.channel(),
                  "grpc.reflection.v1alpha.ServerReflection.ServerReflectionInfo",
                  absl::Seconds(20)) {}

    Response ask_about(const Request& request) {
        Response response;
        EXPECT_TRUE(stream_.write(request));
        EXPECT_TRUE(stream_.read(response));
        EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
        return response;
    }

    static std::vector<std::string> names(const Response& response) {
        std::vector<std::string> all;
        for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
            google::protobuf::FileDescriptorProto file;
            EXPECT_TRUE(file.ParseFromString(bytes));
            all.push_back(file.name());
        }
        return all;
    }

private:
    Daemon daemon_;
    UnixConnection connection_;
    Stream stream_;
};

TEST_F(Reflection, ListsServices) {
    Request request;
    request.set_list_services("");
    const auto response = ask_about(request);
    std::vector<std::string> services;
    for (const auto& service : response.list_services_response().service()) {
        services.push_back(service.name());
    }
    EXPECT_THAT(services, ElementsAre("grpc.reflection.v1alpha.ServerReflection", "sluice.Describe",
                                      "sluice.testing.Toys"));
}

TEST_F(Reflection, FindsFilesBySymbolNameAndExtension) {
    Request request;
    request.set_file_containing_symbol("sluice.testing.Toys");
    EXPECT_THAT(names(ask_about(request)),
                ElementsAre("google/protobuf/descriptor.proto", "api/proto/options.proto",
                            "api/proto/types.proto", "api/testing/toys.proto"));
    request.set_file_by_filename("api/proto/types.proto");
    EXPECT_THAT(names(ask_about(request)), ElementsAre("api/proto/types.proto"));
    auto& extension = *request.mutable_file_containing_extension();
    extension.set_containing_type("google.protobuf.MethodOptions");
    extension.set_extension_number(50501);
    EXPECT_THAT(names(ask_about(request)),
                ElementsAre("google/protobuf/descriptor.proto", "api/proto/options.proto"));
    request.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
    EXPECT_THAT(ask_about(request).all_extension_numbers_response().extension_number(),
                ::testing::IsSupersetOf({50501, 50502, 50503}));
}

TEST_F(Reflection, SaysWhatIsNotThere) {
    Request request;
    request.set_file_containing_symbol("sluice.Nowhere");
    const auto response = ask_about(request);
    EXPECT_EQ(response.error_response().error_code(), 5);
    EXPECT_THAT(response.error_response().error_message(), HasSubstr("sluice.Nowhere"));
    EXPECT_EQ(ask_about(Request()).error_response().error_code(), 3);
}

}  // namespace
}  // namespace api::testing
