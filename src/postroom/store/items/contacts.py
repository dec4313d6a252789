"""Contacts: rows as fields of items, and fields as columns."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.reconcile.item import Value
from postroom.reconcile.values import PersonName, PostalAddress
from postroom.schema.account import Account
from postroom.schema.choices import ActiveState
from postroom.schema.contact import Contact
from postroom.store.index import chunks_of
from postroom.store.items.columns import Row, plain_columns

_ACCOUNT = Account.__table__
_CONTACT = Contact.__table__

#: Fields that are one column each.
_COLUMNS: Mapping[str, str] = {
    "job_title": "jobtitle",
    "department": "department",
    "manager": "managername",
    "assistant": "assistantname",
    "assistant_phone": "assistantphone",
    "email1": "emailaddress1",
    "email2": "emailaddress2",
    "email3": "emailaddress3",
    "business_phone": "telephone1",
    "business_phone2": "business2",
    "home_phone": "telephone2",
    "home_phone2": "home2",
    "other_phone": "telephone3",
    "mobile": "mobilephone",
    "pager": "pager",
    "callback": "callback",
    "company_phone": "company",
    "business_fax": "fax",
    "web_page": "websiteurl",
    "ftp_site": "ftpsiteurl",
    "government_id": "governmentid",
    "birthday": "birthdate",
    "anniversary": "anniversary",
    "spouse": "spousesname",
    "children": "childrensnames",
    "nickname": "nickname",
    "yomi_first": "yomifirstname",
    "yomi_last": "yomilastname",
    "body": "description",
}
_NAME = ("firstname", "middlename", "lastname", "salutation", "suffix")
_ADDRESS = ("line1", "line2", "line3", "city", "stateorprovince", "postalcode", "country")
_ADDRESSES: Mapping[str, str] = {
    "mailing_address": "address1",
    "home_address": "address2",
    "other_address": "address3",
}


def fields_of(row: Row, company: str | None) -> dict[str, Value]:
    """Return the fields of a contact; `company` is the name of the one that it belongs to."""
    name = PersonName(*(_line(row[column]) for column in _NAME))
    fields: dict[str, Value] = {field: row[column] for field, column in _COLUMNS.items()}
    fields |= {"full_name": name if any(name) else None, "company": company}
    for field, prefix in _ADDRESSES.items():
        address = PostalAddress(*(_line(row[f"{prefix}_{part}"]) for part in _ADDRESS))
        fields[field] = address if any(address) else None
    return fields


def columns_of(connection: Connection, fields: Mapping[str, Value]) -> dict[str, Any]:
    """Return the columns that hold these fields."""
    values = plain_columns("contact", _COLUMNS, fields)
    if "full_name" in fields:
        values |= dict(zip(_NAME, _parts(fields["full_name"], len(_NAME)), strict=True))
    for field, prefix in _ADDRESSES.items():
        if field in fields:
            names = [f"{prefix}_{part}" for part in _ADDRESS]
            values |= dict(zip(names, _parts(fields[field], len(names)), strict=True))
    if "company" in fields:
        values |= _company_columns(connection, fields["company"])
    return values


def companies_of(connection: Connection, rows: Iterable[Row]) -> Mapping[UUID, str]:
    """Return the names of the companies that contacts belong to, by the company's key."""
    wanted = {row["parentcustomerid"] for row in rows if row["parentcustomerid"]}
    found: dict[UUID, str] = {}
    for table, key, name in (
        (_ACCOUNT, "accountid", "name"),
        (_CONTACT, "contactid", "fullname"),
    ):
        for chunk in chunks_of(wanted):
            query = sa.select(table.c[key], table.c[name]).where(table.c[key].in_(chunk))
            found |= {id: text or "" for id, text in connection.execute(query)}
    return found


def _company_columns(connection: Connection, value: Value) -> dict[str, Any]:
    """Return the link to the one account of this name; a name that is nobody's or several's links nothing."""
    if value is None:
        return {"parentcustomerid": None}
    query = sa.select(_ACCOUNT.c.accountid).where(
        sa.func.lower(_ACCOUNT.c.name) == str(value).lower(), _ACCOUNT.c.statecode == ActiveState.ACTIVE
    )
    found = connection.scalars(query.limit(2)).all()
    if len(found) != 1:
        return {}
    return {"parentcustomerid": found[0], "parentcustomeridtype": "account"}


def _parts(value: Value, count: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple) and len(value) == count else (None,) * count


def _line(value: str | None) -> str | None:
    return " ".join((value or "").split()) or None
