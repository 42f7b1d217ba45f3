"""Vocabulary of the sample's names: invented cities, venues, item names and categories.

A text holds several words, separated by blanks, or by commas in ``CATEGORIES``.
"""

CITIES = """Northport Eastvale Westbrook Southmere Kingsford Ashbourne Ravenholt Millhaven
Stonebridge Larkfield Fairwater Oakhurst Brightwell Redcliff Silverton Thornbury Winterbourne
Elmstead Foxglen Harrowgate Ironside Juniper Lakeshore Marlow"""
VENUES = (
    "Harbour Mall",
    'Mall "Galleria"',
    "Station Street, 56",
    "Central Park",
    'Shopping Centre "Orion"',
    "Old Market",
    "Riverside Plaza",
)
ADJECTIVES = """Amber Ancient Azure Bitter Blazing Bold Brave Bright Broken Burning Clever Cobalt
Cold Crimson Crystal Daring Dark Deep Distant Dusty Electric Emerald Endless Eternal Fallen Final
Fleeting Frozen Gentle Gilded Golden Grand Hidden Hollow Humble Iron Ivory Jade Last Little
Lonely Lost Lucky Lunar Merry Mighty Misty Noble Northern Pale Quiet Radiant Rapid Restless
Rising Royal Rusty Sacred Savage Scarlet Secret Shining Silent Silver Solar Stolen Stormy
Sunken Swift Velvet Wandering Wild"""
NOUNS = """Anchor Arrow Autumn Banner Beacon Bridge Canyon Castle Circuit Citadel Comet Compass
Corsair Crown Desert Dragon Echo Empire Falcon Fleet Forest Fortress Frontier Galaxy Garden Glacier
Harbour Haven Horizon Hunter Island Journey Jungle Kingdom Lantern Legend Lighthouse Meadow
Mirror Mountain Nebula Oasis Ocean Oracle Outpost Planet Prairie Quest Raven River Sanctuary
Shadow Sparrow Summit Temple Thunder Tower Valley Voyage Wolf"""
EDITIONS = (
    ", Deluxe Edition",
    ", 2-Disc Set",
    ' "Gold Series"',
    ' "Anniversary", Remastered',
    " Collector's Box",
    " [English version]",
)
CATEGORIES = {
    "Games": "Console,PC,Handheld,Classic,Family,Racing,Add-ons",
    "Movies": "DVD,Blu-ray,Collector,Series,Animation,Documentary,Concert",
    "Gifts": "Figures,Toys,Board Games,Mugs,Clothing,Stationery,Bags",
    "Accessories": "Controllers,Headsets,Cables,Cases,Chargers,Memory,Stands",
    "Music": "CD,Vinyl,Box Sets,Soundtracks,Local,Classical,Digital",
    "Books": "Fiction,Comics,Art Books,Guides,Audio,Children,Cookery",
    "Software": "Office,Education,Utilities,Antivirus,Design,Maps,Languages",
    "Cards": "Console Credit,Mobile,Subscriptions,Gift Cards,Transport,Wallet,Points",
    "Consoles": "Home,Portable,Bundles,Retro,Spare Parts,Refurbished,Controllers",
    "Tickets": "Cinema,Theatre,Exhibitions,Sports,Concerts,Festivals,Conventions",
    "Home": "Lighting,Kitchen,Decoration,Batteries,Clocks,Storage,Travel",
    "Services": "Delivery,Warranty,Repair,Installation,Training,Printing,Support",
}
