"""Endpoints that functions need in a VPC without a way out.

Every one of them is an endpoint that costs by the hour and zone, but for the two gateways; a VPC
with a NAT gateway needs none of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2

if TYPE_CHECKING:
    from collections.abc import Mapping

GATEWAYS: Mapping[str, ec2.GatewayVpcEndpointAwsService] = {
    "DynamoDb": ec2.GatewayVpcEndpointAwsService.DYNAMODB,
    "S3": ec2.GatewayVpcEndpointAwsService.S3,
}
# X-Ray takes traces; the other three are for the check, which queries.
INTERFACES: Mapping[str, ec2.InterfaceVpcEndpointAwsService] = {
    "Athena": ec2.InterfaceVpcEndpointAwsService.ATHENA,
    "Glue": ec2.InterfaceVpcEndpointAwsService.GLUE,
    "Ssm": ec2.InterfaceVpcEndpointAwsService.SSM,
    "XRay": ec2.InterfaceVpcEndpointAwsService.XRAY,
}


def add_endpoints(vpc: ec2.Vpc) -> None:
    """Give a VPC without a way out the endpoints that a store's functions use."""
    for name, gateway in GATEWAYS.items():
        vpc.add_gateway_endpoint(name, service=gateway)
    for name, interface in INTERFACES.items():
        vpc.add_interface_endpoint(name, service=interface)
