// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/descriptors.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "api/proto/types.pb.h"

namespace plugins::host {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// A file with one message, importing types.proto.
FileDescriptorProto file(const std::string& name, const std::string& package,
                         const std::string& message) {
    FileDescriptorProto file;
    file.set_name(name);
    file.set_package(package);
    file.set_syntax("proto3");
    file.add_dependency("api/proto/types.proto");
    file.add_message_type()->set_name(message);
    return file;
}

FileDescriptorProto types() {
    FileDescriptorProto types;
    sluice::Empty::descriptor()->file()->CopyTo(&types);
    sluice::Empty::descriptor()->file()->CopyJsonNameTo(&types);
    return types;
}

absl::Status check(const std::vector<FileDescriptorProto>& files,
                   const std::vector<std::string>& own) {
    FileDescriptorSet set;
    for (const auto& file : files) {
        *set.add_file() = file;
    }
    return check_descriptors("x", set.SerializeAsString(), own);
}

TEST(Descriptors, NewMessagesPass) {
    EXPECT_TRUE(check({types(), file("x/x.proto", "sluice.x", "Thing")}, {"x/x.proto"}).ok());
}

TEST(Descriptors, AFileThatIsLoadedIsRefused) {
    EXPECT_THAT(
        check({types()}, {"api/proto/types.proto"}).message(),
        AllOf(HasSubstr("'x'"), HasSubstr("api/proto/types.proto"), HasSubstr("loaded already")));
}

TEST(Descriptors, AMessageThatIsLoadedIsRefused) {
    EXPECT_THAT(
        check({types(), file("x/x.proto", "sluice", "MacAddress")}, {"x/x.proto"}).message(),
        AllOf(HasSubstr("clash"), HasSubstr("sluice.MacAddress"),
              HasSubstr("api/proto/types.proto")));
}

TEST(Descriptors, APackageWithTheNameOfAMessageIsRefused) {
    EXPECT_THAT(
        check({types(), file("x/x.proto", "sluice.MacAddress", "Thing")}, {"x/x.proto"}).message(),
        HasSubstr("clash"));
}

TEST(Descriptors, AChangedImportIsRefused) {
    FileDescriptorProto changed = types();
    changed.mutable_message_type(0)->mutable_field(0)->set_number(7);
    EXPECT_THAT(check({changed, file("x/x.proto", "sluice.x", "Thing")}, {"x/x.proto"}).message(),
                HasSubstr("another version of 'api/proto/types.proto'"));
}

TEST(Descriptors, AnImportThatNobodyHasIsRefused) {
    FileDescriptorProto mine = file("x/x.proto", "sluice.x", "Thing");
    mine.add_dependency("y/y.proto");
    EXPECT_THAT(
        check({types(), file("y/y.proto", "sluice.y", "Thing"), mine}, {"x/x.proto"}).message(),
        HasSubstr("imports the messages of 'y/y.proto', which nobody here defines"));
}

TEST(Descriptors, OwnMessagesWithoutDescriptorsAreRefused) {
    EXPECT_THAT(check({types()}, {"x/x.proto"}).message(), HasSubstr("without their descriptors"));
}

TEST(Descriptors, OtherBytesAreRefused) {
    EXPECT_THAT(check_descriptors("x", "\xff\xff", {}).message(),
                HasSubstr("holds no descriptors"));
}

}  // namespace
}  // namespace plugins::host
